import { lstatSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { DirectoryOfWrite } from './apply-writes.ts';
import { controllerOf } from './cgroup-write.ts';
import {
  assertSameProcess,
  identifyProcess,
  locateContainer,
  type ProcessIdentity,
  processFiles,
  readHierarchy,
} from './container-process.ts';
import { OOM_SCORE_ADJ } from './convert-v2.ts';
import { type CgroupHierarchy, type CgroupMode, isKernelController, mountFor } from './hierarchy.ts';
import { OpenCgroup } from './open-cgroup.ts';
import { mainDirectory } from './process-cgroup.ts';

/** Which cgroup is meant: that of a process, or one by its path, on this machine or below a plain directory. */
export interface CgroupSelector {
  readonly pid?: number | undefined;
  /** Counted from the root of the hierarchy. */
  readonly path?: string | undefined;
  /** A plain directory in the place of /sys/fs/cgroup; on v1 it holds a directory for each controller. */
  readonly root?: string | undefined;
}

/** A cgroup to work on, in every hierarchy that matters; its directories are open. */
export interface CgroupTarget {
  /** The version that controllers are on. */
  readonly version: 1 | 2;
  readonly mode: CgroupMode;
  /** The path of the cgroup, on v1 that of the hierarchy that stands for the whole. */
  readonly path: string;
  readonly process: ProcessIdentity | undefined;
  /** Hierarchy (`unified`, or a v1 controller) -> directory. */
  readonly directories: ReadonlyMap<string, OpenCgroup>;
}

/**
 * Opens a cgroup: never the root, never through a link, only in a cgroup filesystem. A process's cgroup is looked up
 * between two looks at its start time, so that it is this process's and not that of a later one with its number.
 *
 * @throws {SystemError} `CGROUP_*`, `PROCESS_*`
 */
export function openTarget({ pid, path, root }: CgroupSelector): CgroupTarget {
  const process = pid === undefined ? undefined : identifyProcess(pid);
  const found = root === undefined ? onMachine(pid, path) : belowPlainRoot(root, path ?? '/');
  const directories = new Map<string, OpenCgroup>();
  try {
    for (const { name, mountPoint, path: below } of found.places) {
      if (below === '/') {
        // An engine leaves a container in the root of hierarchies that it does not use: there is nothing to write.
        if (found.version === 1 && found.places.length > 1) continue;
        throw new SystemError('CGROUP_ROOT', { path: mountPoint });
      }
      directories.set(name, OpenCgroup.open({ mountPoint, path: below, isPlain: root !== undefined }));
    }
    if (directories.size === 0) throw new SystemError('CGROUP_ROOT', { path: found.path });
    if (process !== undefined) assertSameProcess(process);
    return { version: found.version, mode: found.mode, path: found.path, process, directories };
  } catch (error) {
    closeAll(directories.values());
    throw error;
  }
}

/** Gives the directory for each write: the one of v2, that of the write's controller, or the process's own. */
export function directoryOfWrite({ version, directories, process }: CgroupTarget): DirectoryOfWrite {
  return ({ file }) => {
    if (file === OOM_SCORE_ADJ && process !== undefined) return processFiles(process);
    return directories.get(version === 2 ? 'unified' : controllerOf(file));
  };
}

/** Lets go of a target's directories. */
export function closeTarget(target: CgroupTarget): void {
  closeAll(target.directories.values());
}

interface Found {
  readonly version: 1 | 2;
  readonly mode: CgroupMode;
  readonly path: string;
  readonly places: readonly { readonly name: string; readonly mountPoint: string; readonly path: string }[];
}

function onMachine(pid: number | undefined, path: string | undefined): Found {
  if (pid === undefined) return byPath(readHierarchy(), path ?? '/');
  const location = locateContainer(pid);
  const main = mainDirectory(location);
  const version = location.mode === 'unified' ? 2 : 1;
  const lost = location.unlocated.find(({ controller }) => version === 1 || controller === 'unified');
  if (main === undefined || lost?.reason === 'outside-namespace' || lost?.reason === 'deleted') {
    const reason = lost === undefined ? 'it is in none that is mounted' : `${lost.path} is ${REASON[lost.reason]}`;
    throw new SystemError('CGROUP_OUTSIDE', { pid, reason });
  }
  const places = location.directories
    .filter((directory) => directory.version === version && isKernelController(directory.controller))
    .map(({ controller, mount, path: below }) => ({ name: controller, mountPoint: mount.mountPoint, path: below }));
  return { version, mode: location.mode, path: main.path, places };
}

const REASON = {
  deleted: 'removed already',
  'outside-namespace': 'outside of the cgroup namespace of this program: run it on the host',
  'not-mounted': 'in a hierarchy that is not mounted here',
} as const;

function byPath(hierarchy: CgroupHierarchy, path: string): Found {
  const { mode } = hierarchy;
  const version = mode === 'unified' ? 2 : 1;
  const names = version === 2 ? [undefined] : [...new Set(hierarchy.mounts.flatMap(({ controllers }) => controllers))];
  const places = names
    .filter((name) => name === undefined || isKernelController(name))
    .flatMap((name) => {
      const mount = mountFor(hierarchy, name, path);
      // By its path a cgroup counts from what is mounted, and on v1 it need not be in every hierarchy.
      if (mount === undefined || (name !== undefined && !isDirectory(mount.mountPoint + path))) return [];
      return [{ name: name ?? 'unified', mountPoint: mount.mountPoint, path }];
    });
  if (places.length === 0) throw new SystemError('CGROUP_NOT_FOUND', { path });
  return { version, mode, path, places };
}

function belowPlainRoot(root: string, path: string): Found {
  const controllers = V1_DIRECTORIES.filter((name) => isDirectory(`${root}/${name}${path}`));
  // A tree with a directory for a controller at its top is laid out as v1, whatever else it holds.
  if (controllers.length === 0) {
    return { version: 2, mode: 'unified', path, places: [{ name: 'unified', mountPoint: root, path }] };
  }
  const places = controllers.map((name) => ({ name, mountPoint: `${root}/${name}`, path }));
  return { version: 1, mode: 'v1', path, places };
}

const V1_DIRECTORIES: readonly string[] = [
  'blkio',
  'cpu',
  'cpuset',
  'devices',
  'hugetlb',
  'memory',
  'net_cls',
  'net_prio',
  'pids',
  'rdma',
];

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function closeAll(directories: Iterable<OpenCgroup>): void {
  for (const directory of directories) directory.close();
}
