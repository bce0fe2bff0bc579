/** The unit that owns a cgroup, as its path tells. */
export interface UnitOfCgroup {
  /** The slice that holds the unit; undefined where no component is one. */
  readonly slice: string | undefined;
  readonly unit: string;
  /** The user whose manager runs the unit; undefined for the system's. */
  readonly uid: number | undefined;
  /** The cgroup of the unit itself: what lies below belongs to whoever it was delegated to. */
  readonly path: string;
}

/**
 * Finds the unit of a cgroup: after all slices, the first component that is named as a unit; below a `user@UID.service`
 * the same once more for the user's own manager. A path of slices alone belongs to its last slice. Undefined where
 * systemd manages nothing there.
 * Source: systemd src/basic/cgroup-util.c (cg_path_get_unit, cg_path_get_user_unit).
 */
export function unitOfCgroup(path: string): UnitOfCgroup | undefined {
  const parts = path.split('/').filter((part) => part !== '');
  const system = unitFrom(parts, 0);
  if (system === undefined) return undefined;
  const user = /^user@(\d{1,10})\.service$/.exec(system.unit);
  const own = user === null ? undefined : unitFrom(parts, system.depth);
  const found = own ?? system;
  return {
    slice: found.slice,
    unit: found.unit,
    uid: own === undefined || user === null ? undefined : Number(user[1]),
    path: `/${parts.slice(0, found.depth).join('/')}`,
  };
}

interface Found {
  readonly slice: string | undefined;
  readonly unit: string;
  readonly depth: number;
}

function unitFrom(parts: readonly string[], start: number): Found | undefined {
  let at = start;
  while (parts[at]?.endsWith('.slice') === true) at++;
  const name = parts[at];
  const last = at > start ? parts[at - 1] : undefined;
  if (name !== undefined && /^.+\.(scope|service|socket|mount|swap)$/.test(name)) {
    return { slice: last, unit: name, depth: at + 1 };
  }
  // Anything else below a slice, as /machine.slice/foo, was made by hand: systemd owns the slice alone.
  return last === undefined || at < parts.length
    ? undefined
    : { slice: at - start > 1 ? parts[at - 2] : undefined, unit: last, depth: at };
}
