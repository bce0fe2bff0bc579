import { SystemError } from '../../core/diagnostic/system-error.ts';
import { parentPath } from '../../linux/cgroup/make-cgroup.ts';
import { type CgroupIdentity, type CgroupPlace, OpenCgroup } from '../../linux/cgroup/open-cgroup.ts';
import { isMarked } from '../../linux/cgroup/own-directory.ts';
import {
  type DestinationsOf,
  drainCgroup,
  type Patience,
  pause,
  removeCgroup,
  startPatience,
} from '../../linux/cgroup/remove-cgroup.ts';
import type { MadeDirectory, RecordKey } from '../record.ts';
import { type OverheadRecord, removeOverheadRecord } from './overhead-record.ts';
import type { Step } from './overhead-steps.ts';

/**
 * Gives the steps that undo what was recorded: each cgroup is drained, to its parent or to where the processes came from,
 * and removed while it is still the one that was made. Shared ones above, and all that was not made here, stay.
 *
 * Doing them throws {SystemError} `CGROUP_LEFT` when something is left that no cgroup takes; the record stays then.
 */
export function undoSteps(key: RecordKey, record: OverheadRecord): Step[] {
  const patience = startPatience();
  const left: { readonly path: string; readonly ids: readonly number[] }[] = [];
  const keep = (path: string, ids: readonly number[]): void => {
    if (ids.length > 0) left.push({ path, ids });
  };
  const made = record.directories.toReversed();
  const nameless = record.intended
    .filter(({ mountPoint, path }) => !made.some((each) => each.mountPoint === mountPoint && each.path === path))
    .toReversed();
  return [
    ...made.filter(isBelowScope(record)).map((each) => removal(each, record, patience, keep)),
    ...record.scopes.map((scope): Step => {
      const name = scope.mountPoint + scope.path;
      return { deed: ['move-processes', name, 'parent'], run: () => keep(name, emptyScope(scope, record, patience)) };
    }),
    ...made.filter((each) => !isBelowScope(record)(each)).map((each) => removal(each, record, patience, keep)),
    // Made by a helper that was killed before it could say which they are: their mark says that they are ours.
    ...nameless.map((place): Step => {
      const run = (): void => {
        if (hasMark(place)) removeCgroup(place, () => [], { until: 0 });
      };
      return { deed: ['remove-directory', place.mountPoint + place.path], run };
    }),
    {
      deed: ['record', 'remove'],
      run: () => {
        const [first] = left;
        if (first !== undefined) {
          throw new SystemError('CGROUP_LEFT', { path: first.path, pids: first.ids.slice(0, 16).join(', ') });
        }
        removeOverheadRecord(key);
      },
    },
  ];
}

function isBelowScope({ scopes }: OverheadRecord): (made: MadeDirectory) => boolean {
  return ({ mountPoint, path }) =>
    scopes.some((scope) => scope.mountPoint === mountPoint && path.startsWith(`${scope.path}/`));
}

function removal(
  made: MadeDirectory,
  record: OverheadRecord,
  patience: Patience,
  keep: (path: string, ids: readonly number[]) => void,
): Step {
  const place = placeOf(made, record);
  const name = made.mountPoint + made.path;
  const run = (): void => {
    if (!isStill(made, place)) return;
    const isOwn = holdsMembers(made.path, record);
    const outcome = removeCgroup(
      place,
      isOwn ? destinations(place, record) : () => [],
      isOwn ? patience : { until: 0 },
    );
    // One above that others use by now is theirs.
    if (typeof outcome === 'object' && isOwn) keep(name, outcome.busy);
  };
  return { deed: ['remove-directory', name], run };
}

/** Waits until a scope is empty, for systemd removes it then; a unit is never stopped, which would kill. */
function emptyScope(place: CgroupPlace, record: OverheadRecord, patience: Patience): readonly number[] {
  for (;;) {
    const members = drainCgroup(place, destinations(place, record));
    if (members === 'gone' || members.length === 0) return [];
    if (Date.now() >= patience.until) return members;
    pause(100);
  }
}

/**
 * The parent first, as Kata does, or the next one above that was not made here; where it takes no process, those where the
 * processes came from; the root at last.
 */
function destinations(place: CgroupPlace, { origins, directories, scopes }: OverheadRecord): DestinationsOf {
  const isOwn = (path: string): boolean =>
    [...directories, ...scopes].some((each) => each.mountPoint === place.mountPoint && each.path === path);
  let path = parentPath(place.path);
  // A threaded cgroup gives its threads to its domain: they can go nowhere else one by one.
  const domain = isOwn(path) ? [{ ...place, path }] : [];
  while (isOwn(path)) path = parentPath(path);
  const parent = { ...place, path };
  const back = origins.filter(
    (each) => each.mountPoint === place.mountPoint && !isOwn(each.path) && each.path !== path,
  );
  return (id) => {
    const own = [...back.filter(({ pids }) => pids.includes(id)), ...back.filter(({ pids }) => !pids.includes(id))];
    return [...(path === '/' ? [...own, parent] : [parent, ...own]), ...domain];
  };
}

function holdsMembers(path: string, { layout }: OverheadRecord): boolean {
  return [layout.sandbox.path, layout.vcpu, layout.monitor, layout.others].some((name) => name.endsWith(path));
}

function placeOf({ mountPoint, path }: MadeDirectory, { branches }: OverheadRecord): CgroupPlace {
  return { mountPoint, path, isPlain: branches.some((branch) => branch.mountPoint === mountPoint && branch.isPlain) };
}

/** Another directory of this name is not ours to remove. */
function isStill({ device, inode }: MadeDirectory, place: CgroupPlace): boolean {
  const now = identityAt(place);
  return now?.device === device && now.inode === inode;
}

function hasMark(place: CgroupPlace): boolean {
  const now = identityAt(place);
  return now !== undefined && isMarked(now);
}

function identityAt(place: CgroupPlace): CgroupIdentity | undefined {
  // Whoever removed the cgroups above it, as systemd does with a slice, has removed it too.
  const cgroup = OpenCgroup.openIfThere(place);
  if (!cgroup) return undefined;
  try {
    return cgroup.identity();
  } finally {
    cgroup.close();
  }
}
