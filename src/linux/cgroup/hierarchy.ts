/** One mounted cgroup hierarchy, as /proc/PID/mountinfo tells of it. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Where it is mounted, unescaped. */
  readonly mountPoint: string;
  /** The cgroup that is visible at the mount point: `/`, but for bind mounts and cgroup namespaces. */
  readonly root: string;
  /** v1: the controllers of the hierarchy, a named one as `name=systemd`. v2: empty, `cgroup.controllers` says it. */
  readonly controllers: readonly string[];
  readonly readOnly: boolean;
  /** v2: mounted with `nsdelegate`, which keeps a delegated subtree from its own limits. */
  readonly nsdelegate: boolean;
}

/** How cgroups are set up: v2 alone, v1 controllers with a v2 hierarchy beside them, or v1 alone. */
export type CgroupMode = 'unified' | 'hybrid' | 'v1';

/** The cgroup mounts of a mount namespace that can be reached, and what they amount to. */
export interface CgroupHierarchy {
  readonly mode: CgroupMode;
  readonly mounts: readonly CgroupMount[];
}

interface MountLine {
  readonly id: string;
  readonly parent: string;
  readonly root: string;
  readonly mountPoint: string;
  readonly options: readonly string[];
  readonly fsType: string;
  readonly superOptions: readonly string[];
}

/**
 * Gives the cgroup hierarchy of a mount namespace, or undefined where no cgroup filesystem can be reached.
 *
 * Mounts that another mount hides are left out, so a v2 hierarchy bound over /sys/fs/cgroup counts as unified although
 * the v1 mounts beneath it are still listed (statfs of the directory would say the same).
 *
 * @param mountinfo - text of /proc/PID/mountinfo (proc(5)), read on the host's side
 */
export function detectHierarchy(mountinfo: string): CgroupHierarchy | undefined {
  const lines = mountinfo.split('\n').flatMap((line) => parseMountLine(line) ?? []);
  const mounts = reachable(lines).flatMap((line) => cgroupMount(line) ?? []);
  const hasUnified = mounts.some(({ version }) => version === 2);
  const hasControllers = mounts.some(
    ({ version, controllers }) => version === 1 && controllers.some(isKernelController),
  );
  if (hasUnified) return { mode: hasControllers ? 'hybrid' : 'unified', mounts };
  return mounts.length > 0 ? { mode: 'v1', mounts } : undefined;
}

/** Tells a kernel controller (`memory`) from a named hierarchy (`name=systemd`). */
export function isKernelController(name: string): boolean {
  return !name.startsWith('name=');
}

/**
 * Gives the mount through which a cgroup is best reached, and undefined where none shows it: one whose root holds the
 * cgroup, below /sys/fs/cgroup, writable, with the widest view, in this order.
 *
 * @param controller - a v1 controller or `name=...`; undefined for the v2 hierarchy
 * @param path - the cgroup, as /proc/PID/cgroup gives it
 */
export function mountFor(
  hierarchy: CgroupHierarchy,
  controller: string | undefined,
  path: string,
): CgroupMount | undefined {
  const candidates = hierarchy.mounts.filter(
    (mount) =>
      (controller === undefined ? mount.version === 2 : mount.controllers.includes(controller)) &&
      isWithin(path, mount.root),
  );
  const rank = (mount: CgroupMount): readonly [number, number, number] => [
    isWithin(mount.mountPoint, '/sys/fs/cgroup') ? 0 : 1,
    mount.readOnly ? 1 : 0,
    mount.root.length,
  ];
  return candidates.reduce<CgroupMount | undefined>(
    (best, mount) => (best === undefined || isLess(rank(mount), rank(best)) ? mount : best),
    undefined,
  );
}

/** Tells whether an absolute path is `ancestor` or below it; both clean. */
export function isWithin(path: string, ancestor: string): boolean {
  return ancestor === '/' || path === ancestor || path.startsWith(`${ancestor}/`);
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

function parseMountLine(line: string): MountLine | undefined {
  // "36 35 98:0 /root /mount/point rw,noatime shared:1 master:2 - ext4 /dev/root rw,errors=continue": any number of
  // tagged fields stands between the options and the lone hyphen.
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [id, parent, , root, mountPoint, options] = fields;
  const fsType = fields[separator + 1];
  if (separator < 0 || id === undefined || parent === undefined || root === undefined) return undefined;
  if (mountPoint === undefined || options === undefined || fsType === undefined) return undefined;
  return {
    id,
    parent,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: options.split(','),
    fsType,
    superOptions: (fields[separator + 3] ?? '').split(','),
  };
}

function cgroupMount(line: MountLine): CgroupMount | undefined {
  if (line.fsType !== 'cgroup' && line.fsType !== 'cgroup2') return undefined;
  const version = line.fsType === 'cgroup2' ? 2 : 1;
  return {
    version,
    mountPoint: line.mountPoint,
    root: line.root,
    controllers: version === 2 ? [] : line.superOptions.filter(isV1Subsystem),
    readOnly: line.options.includes('ro') || line.superOptions.includes('ro'),
    nsdelegate: version === 2 && line.superOptions.includes('nsdelegate'),
  };
}

// What a v1 superblock shows besides its subsystems (kernel/cgroup/cgroup-v1.c, cgroup1_show_options).
const V1_FLAGS: readonly string[] = [
  'rw',
  'ro',
  'noprefix',
  'xattr',
  'clone_children',
  'cpuset_v2_mode',
  'favordynmods',
];

function isV1Subsystem(option: string): boolean {
  if (option.startsWith('name=')) return true;
  return option !== '' && !option.includes('=') && !V1_FLAGS.includes(option);
}

/**
 * The order of the lines says nothing (since Linux 6.8 they are sorted by an id that is used again), so what hides what
 * is read from the tree: a mount on its parent's own root hides the parent and all else in it, and a mount hides its
 * sibling that stands deeper (had the sibling come later, it would be the child of the other).
 */
function reachable(lines: readonly MountLine[]): MountLine[] {
  const byId = new Map(lines.map((line) => [line.id, line]));
  const children = new Map<string, MountLine[]>();
  for (const line of lines) {
    const siblings = children.get(line.parent);
    if (siblings === undefined) children.set(line.parent, [line]);
    else siblings.push(line);
  }
  const isCovered = (line: MountLine): boolean =>
    (children.get(line.id) ?? []).some((child) => child !== line && child.mountPoint === line.mountPoint);
  const isBelowSibling = (line: MountLine): boolean =>
    (children.get(line.parent) ?? []).some(
      (sibling) => sibling.mountPoint !== line.mountPoint && isWithin(line.mountPoint, sibling.mountPoint),
    );
  const isReachable = (line: MountLine): boolean => {
    const seen = new Set<MountLine>();
    for (let at = line; !seen.has(at); ) {
      seen.add(at);
      if (isBelowSibling(at)) return false;
      const parent = byId.get(at.parent);
      if (parent === undefined) break;
      if (at.mountPoint !== parent.mountPoint && isCovered(parent)) return false;
      at = parent;
    }
    return !isCovered(line);
  };
  return lines.filter((line) => (line.fsType === 'cgroup' || line.fsType === 'cgroup2') && isReachable(line));
}

function unescapeOctal(text: string): string {
  // The kernel escapes exactly space, tab, newline and backslash (seq_path in fs/proc_namespace.c).
  return text.replace(/\\(040|011|012|134)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
