import { closeSync, constants, writeSync } from 'node:fs';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { errnoReason } from './errno-reason.ts';
import { type CgroupPlace, OpenCgroup } from './open-cgroup.ts';
import { OWN_MODE } from './own-directory.ts';

/** Files that a new cpuset of v1 has empty, and without which no process may enter. */
export const CPUSET_FILES: readonly string[] = ['cpuset.cpus', 'cpuset.mems'];

/**
 * Gives the cgroups on the way to a place that are not there, the top one first.
 *
 * @throws {SystemError} `CGROUP_LINK`, `CGROUP_NOT_CGROUP`
 */
export function missingLevels(place: CgroupPlace): CgroupPlace[] {
  const missing: CgroupPlace[] = [];
  for (let path = place.path; path !== '/'; path = parentPath(path)) {
    const level = { ...place, path };
    if (isThere(level)) break;
    missing.unshift(level);
  }
  return missing;
}

/** Tells whether there is a cgroup at a place. */
export function isThere(place: CgroupPlace): boolean {
  const cgroup = OpenCgroup.openIfThere(place);
  cgroup?.close();
  return cgroup !== undefined;
}

/**
 * Makes one cgroup, with the mark of this program, in a parent that is there; one that is there already is taken as it is.
 * On v1 a cpuset gets its parent's processors and memory nodes first.
 *
 * @throws {SystemError} `CGROUP_MAKE` with the ancestor whose limit is reached, `CGROUP_NOT_FOUND` when the parent went away
 */
export function makeCgroup(place: CgroupPlace): OpenCgroup {
  const parent = openParentOf(place);
  try {
    const name = place.path.slice(place.path.lastIndexOf('/') + 1);
    let made: OpenCgroup;
    try {
      made = parent.makeChild(name, OWN_MODE);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') made = OpenCgroup.open(place);
      else if (error instanceof SystemError) throw error;
      else throw makeError(error, place, parent);
    }
    try {
      for (const file of CPUSET_FILES) inherit(file, parent, made);
    } catch (error) {
      made.close();
      throw error;
    }
    return made;
  } finally {
    parent.close();
  }
}

/** Writes a value; into a plain directory, where nothing makes the files, it is added as a line. The error is the call's own. */
export function writeInto(cgroup: OpenCgroup, file: string, value: string): void {
  if (cgroup.place.isPlain !== true) {
    cgroup.write(file, value);
    return;
  }
  const descriptor = cgroup.openFile(file, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND);
  try {
    writeSync(descriptor, `${value}\n`);
  } finally {
    closeSync(descriptor);
  }
}

/** Gives the path of the parent. */
export function parentPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function openParentOf(place: CgroupPlace): OpenCgroup {
  return OpenCgroup.open({ ...place, path: parentPath(place.path) });
}

function inherit(file: string, parent: OpenCgroup, made: OpenCgroup): void {
  // Only v1 has these files in the root too; on v2 an empty one means the parent's.
  if (made.read('cgroup.controllers') !== undefined || made.words(file).length > 0) return;
  const value = parent.read(file)?.trim();
  if (value === undefined || value === '') return;
  try {
    made.write(file, value);
  } catch (error) {
    const path = `${made.directory}/${file}`;
    throw new SystemError('CGROUP_WRITE', { path, value, reason: errnoReason(error) }, { cause: error });
  }
}

function makeError(error: unknown, place: CgroupPlace, parent: OpenCgroup): SystemError {
  const path = place.mountPoint + place.path;
  const reason = errnoOf(error) === 'EAGAIN' ? limitReason(parent) : errnoReason(error);
  return new SystemError('CGROUP_MAKE', { path, reason }, { cause: error });
}

/** Finds the cgroup whose cgroup.max.descendants is used up; otherwise it is a cgroup.max.depth. */
function limitReason(parent: OpenCgroup): string {
  for (let at: string = parent.place.path; ; at = parentPath(at)) {
    const cgroup = OpenCgroup.open({ ...parent.place, path: at });
    try {
      const most = cgroup.read('cgroup.max.descendants')?.trim();
      const now = /^nr_descendants (\d+)$/m.exec(cgroup.read('cgroup.stat') ?? '')?.[1];
      if (most !== undefined && now !== undefined && most !== 'max' && Number(now) >= Number(most)) {
        return `cgroup.max.descendants of ${cgroup.directory} is ${most}, and there are as many; raise it, or remove what is not used`;
      }
    } finally {
      cgroup.close();
    }
    if (at === '/') return 'cgroup.max.depth of a cgroup above it is reached (EAGAIN)';
  }
}
