import { lstatSync, readFileSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { type CgroupsPathOptions, resolveCgroupsPath } from './cgroups-path.ts';
import { readHierarchy } from './container-process.ts';
import { type CgroupHierarchy, mountFor } from './hierarchy.ts';
import type { CgroupPlace } from './open-cgroup.ts';
import type { CgroupProblem } from './problem.ts';
import { type ProcessCgroups, parseProcessCgroups } from './process-cgroup.ts';

/**
 * Controllers of v1 that cAdvisor looks for containers in, and reads.
 * Source: google/cadvisor container/libcontainer/helpers.go, supportedSubsystems; devices and perf_event it only watches.
 */
const CADVISOR_V1: readonly string[] = [
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'hugetlb',
  'memory',
  'perf_event',
  'pids',
];

/** A directory that stands for a container in one hierarchy. */
export interface CompatPlace {
  /** The v1 controllers of the hierarchy, or `unified`. */
  readonly controllers: readonly string[];
  readonly place: CgroupPlace;
}

/** Where a container is to be seen on this machine. */
export interface CompatPlaces {
  readonly version: 1 | 2;
  /** The cgroup, counted from the root; on v1 that of the first hierarchy. */
  readonly path: string;
  readonly places: readonly CompatPlace[];
}

/** A container, and the plain directory that stands for /sys/fs/cgroup, if one does. */
export interface CompatPlaceOptions extends Pick<CgroupsPathOptions, 'cgroupsPath' | 'id' | 'rootlessUid'> {
  readonly root: string | undefined;
}

/**
 * Gives the directories that a cgroupsPath names, one in each hierarchy that cAdvisor reads: on unified cgroups one, on v1 and
 * hybrid one a mount. `slice:prefix:name` is the directory of the scope; no systemd is asked. A relative path counts from
 * the cgroup of the runtime, which is that of its hooks.
 *
 * @returns a problem where the path leaves the hierarchy or makes no sense
 * @throws {SystemError} `CGROUP_NOT_MOUNTED`
 */
export function compatPlaces(options: CompatPlaceOptions): CompatPlaces | { readonly problem: CgroupProblem } {
  return options.root === undefined ? onMachine(options) : belowPlainRoot(options, options.root);
}

function onMachine(options: CompatPlaceOptions): CompatPlaces | { readonly problem: CgroupProblem } {
  const hierarchy = readHierarchy();
  const own = parseProcessCgroups(readFileSync('/proc/self/cgroup', 'utf8'));
  const version = hierarchy.mode === 'unified' ? 2 : 1;
  const found: CompatPlace[] = [];
  let first: string | undefined;
  for (const controller of version === 2 ? [undefined] : CADVISOR_V1) {
    const resolved = resolveCgroupsPath({ ...options, cgroup: version, ownCgroup: ownCgroup(own, controller) });
    if ('problem' in resolved) return resolved;
    const place = placeOn(hierarchy, controller, resolved.value.path);
    if (place === undefined) continue;
    first ??= resolved.value.path;
    const name = controller ?? 'unified';
    // Hierarchies of several controllers, such as cpu,cpuacct, have one directory.
    const same = found.findIndex(({ place: { mountPoint } }) => mountPoint === place.mountPoint);
    const other = found[same];
    if (other === undefined) found.push({ controllers: [name], place });
    else found[same] = { ...other, controllers: [...other.controllers, name] };
  }
  if (first === undefined) throw new SystemError('CGROUP_NOT_MOUNTED', { what: `the cgroup ${options.cgroupsPath}` });
  return { version, path: first, places: found };
}

function ownCgroup({ unified, controllers }: ProcessCgroups, controller: string | undefined): string {
  const path = controller === undefined ? unified : controllers.get(controller);
  // Above our cgroup namespace nothing can be named: then the root of what is mounted here has to do.
  return path === undefined || path.split('/').includes('..') ? '/' : path;
}

function placeOn(hierarchy: CgroupHierarchy, controller: string | undefined, path: string): CgroupPlace | undefined {
  const mount = mountFor(hierarchy, controller, path);
  if (mount === undefined) return undefined;
  const below = mount.root === '/' ? path : path.slice(mount.root.length);
  // The mount shows this very cgroup and nothing above: there is nothing to make.
  return below === '' ? undefined : { mountPoint: mount.mountPoint, path: below };
}

function belowPlainRoot(options: CompatPlaceOptions, root: string): CompatPlaces | { readonly problem: CgroupProblem } {
  const controllers = CADVISOR_V1.filter((name) => isDirectory(`${root}/${name}`));
  const version = controllers.length === 0 ? 2 : 1;
  const resolved = resolveCgroupsPath({ ...options, cgroup: version });
  if ('problem' in resolved) return resolved;
  const { path } = resolved.value;
  const place = (mountPoint: string): CgroupPlace => ({ mountPoint, path, isPlain: true });
  const places =
    version === 2
      ? [{ controllers: ['unified'], place: place(root) }]
      : controllers.map((name) => ({ controllers: [name], place: place(`${root}/${name}`) }));
  return { version, path, places };
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
