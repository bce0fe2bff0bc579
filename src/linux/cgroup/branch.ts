import { lstatSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { readHierarchy } from './container-process.ts';
import { isKernelController, mountFor } from './hierarchy.ts';
import type { CgroupPlace } from './open-cgroup.ts';

/** One hierarchy that a cgroup is made in: that of v2, or each of v1's with controllers of the kernel. */
export interface CgroupBranch {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** The cgroup that is visible at the mount point. */
  readonly root: string;
  /** v1: the controllers of the hierarchy. */
  readonly controllers: readonly string[];
  /** A plain directory that stands for the hierarchy. */
  readonly isPlain: boolean;
}

/**
 * Gives the hierarchies that controllers are on, each once. systemd's own on v1 has no controller and is left alone, as is
 * v2 beside v1: who moves processes there takes them from their unit.
 *
 * @param plainRoot - a plain directory in the place of /sys/fs/cgroup; with a directory `cpu` it is laid out as v1
 * @throws {SystemError} `CGROUP_NOT_MOUNTED`
 */
export function cgroupBranches(plainRoot?: string): CgroupBranch[] {
  if (plainRoot !== undefined) return plainBranches(plainRoot);
  const hierarchy = readHierarchy();
  const isUnified = hierarchy.mode === 'unified';
  const names = isUnified
    ? [undefined]
    : [...new Set(hierarchy.mounts.flatMap(({ controllers }) => controllers))].filter(isKernelController);
  const branches = new Map<string, CgroupBranch>();
  for (const name of names) {
    const mount = mountFor(hierarchy, name, '/') ?? hierarchy.mounts.find(({ controllers }) => isOf(controllers, name));
    if (mount === undefined) continue;
    const { version, mountPoint, root, controllers } = mount;
    branches.set(mountPoint, { version, mountPoint, root, controllers, isPlain: false });
  }
  if (branches.size === 0) throw new SystemError('CGROUP_NOT_MOUNTED', { what: 'a controller' });
  return [...branches.values()];
}

/**
 * Gives where a cgroup is in a branch.
 *
 * @param path - counted from the root of the hierarchy
 * @throws {SystemError} `CGROUP_NOT_FOUND` where the mount shows another part of the hierarchy
 */
export function placeIn({ mountPoint, root, isPlain }: CgroupBranch, path: string): CgroupPlace {
  if (root === '/') return { mountPoint, path, isPlain };
  if (path !== root && !path.startsWith(`${root}/`)) throw new SystemError('CGROUP_NOT_FOUND', { path });
  return { mountPoint, path: path.slice(root.length) || '/', isPlain };
}

/** Gives the full name of a cgroup's directory. */
export function directoryIn(branch: CgroupBranch, path: string): string {
  const place = placeIn(branch, path);
  return place.path === '/' ? place.mountPoint : place.mountPoint + place.path;
}

function isOf(controllers: readonly string[], name: string | undefined): boolean {
  return name === undefined ? controllers.length === 0 : controllers.includes(name);
}

const V1_CONTROLLERS: readonly string[] = ['cpu', 'cpuset', 'devices', 'memory', 'pids'];

function plainBranches(root: string): CgroupBranch[] {
  const isDirectory = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const present = V1_CONTROLLERS.filter((name) => isDirectory(`${root}/${name}`));
  if (present.length === 0) return [{ version: 2, mountPoint: root, root: '/', controllers: [], isPlain: true }];
  return present.map((name) => ({
    version: 1,
    mountPoint: `${root}/${name}`,
    root: '/',
    controllers: [name],
    isPlain: true,
  }));
}
