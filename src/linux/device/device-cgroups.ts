import { existsSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import {
  assertSameProcess,
  identifyProcess,
  locateContainer,
  type ProcessIdentity,
  readHierarchy,
} from '../cgroup/container-process.ts';
import { mountFor } from '../cgroup/hierarchy.ts';
import { OpenCgroup } from '../cgroup/open-cgroup.ts';

/** The cgroups that decide over a container's devices; the kernel asks v2 programs first, then v1. */
export interface DeviceCgroups {
  readonly process: ProcessIdentity | undefined;
  /** The v2 cgroup; undefined where the container is in the root, or v2 is not mounted. */
  readonly unified: OpenCgroup | undefined;
  /** The cgroup of the v1 controller `devices`, likewise. */
  readonly v1: OpenCgroup | undefined;
}

/** Whose cgroups are meant: a process's, or one by its path from the root of the hierarchy. */
export type DeviceCgroupSelector = { readonly pid: number } | { readonly path: string };

/**
 * Opens the cgroups of a process or path. A process's are looked up between two looks at its start time, so that they
 * are its own and not those of a later one with its number. The root cgroup holds the whole machine and is not opened.
 *
 * @throws {SystemError} `PROCESS_*`, `CGROUP_*`
 */
export function openDeviceCgroups(selector: DeviceCgroupSelector): DeviceCgroups {
  const process = 'pid' in selector ? identifyProcess(selector.pid) : undefined;
  const places = 'pid' in selector ? placesOfProcess(selector.pid) : placesOfPath(selector.path);
  let unified: OpenCgroup | undefined;
  let v1: OpenCgroup | undefined;
  try {
    if (places.unified !== undefined) unified = OpenCgroup.open(places.unified);
    if (places.v1 !== undefined) v1 = OpenCgroup.open(places.v1);
    if (process !== undefined) assertSameProcess(process);
    return { process, unified, v1 };
  } catch (error) {
    closeDeviceCgroups({ process, unified, v1 });
    throw error;
  }
}

/** Lets go of the directories. */
export function closeDeviceCgroups({ unified, v1 }: DeviceCgroups): void {
  unified?.close();
  v1?.close();
}

interface Place {
  readonly mountPoint: string;
  readonly path: string;
}

interface Places {
  readonly unified: Place | undefined;
  readonly v1: Place | undefined;
}

const REASON = {
  deleted: 'it was removed already',
  'outside-namespace': 'it lies outside of the cgroup namespace of this program: run it on the host',
  'not-mounted': 'it is in a hierarchy that is not mounted here',
} as const;

function placesOfProcess(pid: number): Places {
  const { directories, unlocated } = locateContainer(pid);
  const decides = (controller: string): boolean => controller === 'unified' || controller === 'devices';
  const lost = unlocated.find(({ controller, path }) => decides(controller) && path !== '/');
  if (lost !== undefined) throw new SystemError('CGROUP_OUTSIDE', { pid, reason: REASON[lost.reason] });
  const find = (controller: string): Place | undefined => {
    const found = directories.find((directory) => directory.controller === controller && directory.path !== '/');
    return found && { mountPoint: found.mount.mountPoint, path: found.path };
  };
  const places = { unified: find('unified'), v1: find('devices') };
  if (places.unified === undefined && places.v1 === undefined) {
    throw new SystemError('CGROUP_ROOT', { path: `/proc/${pid}/cgroup` });
  }
  return places;
}

function placesOfPath(path: string): Places {
  if (path === '/') throw new SystemError('CGROUP_ROOT', { path });
  const hierarchy = readHierarchy();
  const find = (controller: string | undefined): Place | undefined => {
    const mount = mountFor(hierarchy, controller, path);
    return mount !== undefined && existsSync(mount.mountPoint + path)
      ? { mountPoint: mount.mountPoint, path }
      : undefined;
  };
  const places = { unified: find(undefined), v1: find('devices') };
  if (places.unified === undefined && places.v1 === undefined) throw new SystemError('CGROUP_NOT_FOUND', { path });
  return places;
}
