import { readdirSync, unlinkSync } from 'node:fs';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { errnoReason } from './errno-reason.ts';
import { parentPath } from './make-cgroup.ts';
import { type CgroupPlace, OpenCgroup } from './open-cgroup.ts';

/** How long a busy cgroup is tried again, and how often: v1 says busy for some milliseconds after the last one has left. */
const RETRY_MS = 5000;
const FIRST_PAUSE_MS = 5;
const PAUSE_MS = 100;

/** A time until which busy cgroups are tried again; shared by all that one helper removes. */
export interface Patience {
  readonly until: number;
}

/** Gives the usual patience, from now on. */
export function startPatience(): Patience {
  return { until: Date.now() + RETRY_MS };
}

/** Gives the places for a process or thread, the best first. */
export type DestinationsOf = (id: number) => readonly CgroupPlace[];

/** What became of a cgroup that was to be removed; with `busy` it still holds these processes. */
export type Removal = 'removed' | 'gone' | { readonly busy: readonly number[] };

/**
 * Removes a cgroup: what is left in it is moved to the first of its destinations that takes it, and it is tried again while
 * it is busy. Never recursive.
 *
 * @throws {SystemError} `CGROUP_REMOVE`, `CGROUP_LINK`, ...
 */
export function removeCgroup(place: CgroupPlace, destinations: DestinationsOf, patience: Patience): Removal {
  for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, PAUSE_MS)) {
    const left = drainCgroup(place, destinations);
    if (left === 'gone') return 'gone';
    const outcome = removeOnce(place);
    if (outcome !== 'busy') return outcome;
    // Another's cgroup below it will not go by waiting.
    if (hasChildren(place)) return { busy: left };
    if (Date.now() >= patience.until) return { busy: left };
    pause(wait);
  }
}

/**
 * Moves all that a cgroup holds elsewhere: v1 and threaded cgroups thread by thread, since the other threads of their
 * processes may be where they belong. Gives what stays, for lack of a place that takes it.
 */
export function drainCgroup(place: CgroupPlace, destinations: DestinationsOf): readonly number[] | 'gone' {
  const cgroup = OpenCgroup.openIfThere(place);
  if (cgroup === undefined) return 'gone';
  const opened = new Map<string, OpenCgroup | undefined>();
  const open = (place: CgroupPlace): OpenCgroup | undefined => {
    const name = place.mountPoint + place.path;
    if (!opened.has(name)) opened.set(name, OpenCgroup.openIfThere(place));
    return opened.get(name);
  };
  const targetsOf = (id: number): OpenCgroup[] => destinations(id).flatMap((each) => open(each) ?? []);
  try {
    const file = memberFile(cgroup);
    const members = (): number[] => cgroup.words(file).map(Number);
    // A process may fork while the list is read: what it started is there at the next look.
    for (let round = 0; round < 8; round++) {
      const before = members();
      const moved = before.filter((id) => moveAway(id, file, targetsOf(id)));
      if (moved.length === 0) return before;
    }
    return members();
  } finally {
    for (const each of [cgroup, ...opened.values()]) each?.close();
  }
}

/** Sleeps without giving up the thread: a helper has nothing else to do. */
export function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Which file lists, and takes, what a cgroup holds. */
export function memberFile(cgroup: OpenCgroup): 'tasks' | 'cgroup.threads' | 'cgroup.procs' {
  if (cgroup.read('tasks') !== undefined) return 'tasks';
  return cgroup.read('cgroup.type')?.trim() === 'threaded' ? 'cgroup.threads' : 'cgroup.procs';
}

/** Moves one process or thread; true when it is not here any more. */
function moveAway(id: number, file: string, targets: readonly OpenCgroup[]): boolean {
  for (const target of targets) {
    try {
      target.write(file, String(id));
      return true;
    } catch (error) {
      if (errnoOf(error) === 'ESRCH') return true;
      // A cgroup that passes controllers on takes no process (EBUSY), another domain no thread: the next one is tried.
    }
  }
  return false;
}

function removeOnce(place: CgroupPlace): 'removed' | 'gone' | 'busy' {
  const parent = OpenCgroup.openIfThere({ ...place, path: parentPath(place.path) });
  if (parent === undefined) return 'gone';
  try {
    if (place.isPlain === true) removeFiles(place);
    parent.removeChild(place.path.slice(place.path.lastIndexOf('/') + 1));
    return 'removed';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return 'gone';
    if (errno === 'EBUSY' || errno === 'ENOTEMPTY') return 'busy';
    const path = place.mountPoint + place.path;
    throw new SystemError('CGROUP_REMOVE', { path, reason: errnoReason(error) }, { cause: error });
  } finally {
    parent.close();
  }
}

function hasChildren({ mountPoint, path }: CgroupPlace): boolean {
  try {
    return readdirSync(mountPoint + path, { withFileTypes: true }).some((entry) => entry.isDirectory());
  } catch {
    // It went away meanwhile: then it has none, and the next try says so.
    return false;
  }
}

/** The files of a plain directory do not go by themselves. */
function removeFiles({ mountPoint, path }: CgroupPlace): void {
  for (const entry of readdirSync(mountPoint + path, { withFileTypes: true })) {
    if (entry.isFile()) unlinkSync(`${mountPoint}${path}/${entry.name}`);
  }
}
