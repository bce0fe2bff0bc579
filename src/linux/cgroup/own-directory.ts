import { setTimeout } from 'node:timers/promises';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { errnoReason } from './errno-reason.ts';
import { type CgroupIdentity, type CgroupPlace, OpenCgroup } from './open-cgroup.ts';

/**
 * The mode of a directory that this program makes. The sticky bit means nothing to cgroupfs, is set in the same system call
 * that makes the directory, and nobody else sets it: so it tells what this program made even when it was killed before it
 * could note device and inode.
 */
export const OWN_MODE = 0o1755;
const MARK = 0o1000;

/** More than any hierarchy is deep: a systemd slice has at most 127 levels. */
const MOST_LEVELS = 256;

/** How often a path is begun anew when a level of it is removed meanwhile, by the poststop of another container. */
const ATTEMPTS = 8;

/** A directory that this program made, or is about to make: then device and inode are undefined. */
export interface OwnDirectory {
  readonly mountPoint: string;
  readonly path: string;
  readonly device?: number | undefined;
  readonly inode?: number | undefined;
}

/** What came of making a path. */
export interface MadePath {
  /** The directories on the path that this program made, now or for another container; the outermost first. */
  readonly own: readonly OwnDirectory[];
  /** Those of them that were made now. */
  readonly made: readonly OwnDirectory[];
  /** The last directory, open for the caller, who closes it; undefined where it could not be made. */
  readonly leaf: OpenCgroup | undefined;
  readonly isOwnLeaf: boolean;
  /** What went wrong: the directory and the reason. */
  readonly failure: { readonly path: string; readonly reason: string } | undefined;
}

/** Gives every directory of a path, the outermost first: what must be on record before the first is made. */
export function pathLevels({ mountPoint, path }: CgroupPlace): OwnDirectory[] {
  const names = path.split('/').slice(1);
  if (names.length > MOST_LEVELS) {
    throw new SystemError('CGROUP_WRITE', { path, value: 'mkdir', reason: `it has more than ${MOST_LEVELS} levels` });
  }
  return names.map((_, index) => ({ mountPoint, path: `/${names.slice(0, index + 1).join('/')}` }));
}

/**
 * Makes the directories of a path that are not there, each with the mark of this program, and passes on the controllers
 * through those that are its own. A directory of somebody else's is gone through and left as it is.
 *
 * @param passOn - controllers for `cgroup.subtree_control` of own directories (cgroup v2)
 */
export function makePath(place: CgroupPlace, passOn: readonly string[]): MadePath {
  for (let attempt = 1; ; attempt++) {
    const made = makePathOnce(place, passOn);
    // A level that is there one moment and gone the next was another container's to remove: begin again from the top.
    if (made.failure?.isVanished !== true || attempt === ATTEMPTS) return made;
  }
}

function makePathOnce(
  place: CgroupPlace,
  passOn: readonly string[],
): MadePath & { readonly failure: { readonly isVanished: boolean } | undefined } {
  const own: OwnDirectory[] = [];
  const made: OwnDirectory[] = [];
  let isOwnLeaf = false;
  let at: OpenCgroup | undefined;
  try {
    at = OpenCgroup.open({ ...place, path: '/' });
    for (const name of place.path.split('/').slice(1)) {
      if (isOwnLeaf) enableControllers(at, passOn);
      const { cgroup, isNew } = openOrMake(at, name);
      at.close();
      at = cgroup;
      const { device, inode, ...rights } = at.identity();
      isOwnLeaf = isMarked(rights);
      const directory = { mountPoint: at.place.mountPoint, path: at.place.path, device, inode };
      if (isOwnLeaf) own.push(directory);
      if (isNew) made.push(directory);
    }
    return { own, made, leaf: at, isOwnLeaf, failure: undefined };
  } catch (error) {
    at?.close();
    const isOfSystem = error instanceof SystemError;
    if (!isOfSystem && errnoOf(error) === undefined) throw error;
    const isVanished = isOfSystem ? error.code === 'CGROUP_NOT_FOUND' : VANISHED.includes(errnoOf(error) ?? '');
    const path = at?.directory ?? place.mountPoint;
    const reason = isOfSystem ? error.message : makeReason(error);
    return { own, made, leaf: undefined, isOwnLeaf: false, failure: { path, reason, isVanished } };
  }
}

const VANISHED: readonly string[] = ['ENOENT', 'ENODEV'];

function makeReason(error: unknown): string {
  if (errnoOf(error) !== 'EAGAIN') return errnoReason(error);
  return 'an ancestor allows no more cgroups below it: see its cgroup.max.descendants and cgroup.max.depth (EAGAIN)';
}

function openOrMake(at: OpenCgroup, name: string): { readonly cgroup: OpenCgroup; readonly isNew: boolean } {
  if (at.identityOfChild(name) === undefined) {
    try {
      return { cgroup: at.makeChild(name, OWN_MODE), isNew: true };
    } catch (error) {
      // Made by another at the same moment: its mark says whether by this program.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
  return { cgroup: at.openChild(name), isNew: false };
}

/** Tells whether a directory has the mark of this program. */
export function isMarked({ mode, uid }: Pick<CgroupIdentity, 'mode' | 'uid'>): boolean {
  return (mode & MARK) !== 0 && uid === (process.geteuid?.() ?? 0);
}

/** Where one is not to be had, the files of the leaf are missing, and who writes them says so. */
function enableControllers(cgroup: OpenCgroup, names: readonly string[]): void {
  const available = cgroup.words('cgroup.controllers');
  const enabled = cgroup.words('cgroup.subtree_control');
  for (const name of names.filter((each) => available.includes(each) && !enabled.includes(each))) {
    try {
      cgroup.write('cgroup.subtree_control', `+${name}`);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

/** What is left of directories that were to be removed. */
export interface Removal {
  readonly removed: readonly OwnDirectory[];
  /** Could not be removed, and are still to be. */
  readonly left: readonly { readonly directory: OwnDirectory; readonly reason: string }[];
  /** Stay for another container of this program's, which removes them when it is the last; or hold somebody else's cgroups. */
  readonly shared: readonly { readonly directory: OwnDirectory; readonly isForeign: boolean }[];
}

/** How often and how long a busy directory is tried: the kernel may take a moment to let go of what ran in it. */
export interface Patience {
  readonly everyMs: number;
  readonly forMs: number;
}

/**
 * Removes directories in reverse order, the deepest first, each only while it is the one that was made, and only when it is empty: with
 * rmdir(2), never what is in it. Busy ones are tried again, all together, until the time is over.
 */
export async function removeDirectories(
  directories: readonly OwnDirectory[],
  { everyMs, forMs }: Patience,
  isPlain = false,
): Promise<Removal> {
  const removed: OwnDirectory[] = [];
  const shared: Removal['shared'][number][] = [];
  const refused: Removal['left'][number][] = [];
  const depth = ({ path }: OwnDirectory): number => path.split('/').length;
  let pending = directories.toReversed().toSorted((a, b) => depth(b) - depth(a));
  for (let waitedMs = 0; ; waitedMs += everyMs) {
    const busy: OwnDirectory[] = [];
    for (const directory of pending) {
      const outcome = removeOne(directory, [...busy, ...refused.map((each) => each.directory)], isPlain);
      if (outcome === 'removed') removed.push(directory);
      else if (outcome === 'busy') busy.push(directory);
      else if (outcome === 'shared' || outcome === 'foreign') {
        shared.push({ directory, isForeign: outcome === 'foreign' });
      } else if (outcome !== 'gone') refused.push({ directory, reason: outcome.reason });
    }
    pending = busy;
    if (pending.length === 0 || waitedMs >= forMs) break;
    await setTimeout(everyMs);
  }
  const left = pending.map((directory) => ({ directory, reason: `it is in use after ${forMs} ms` }));
  return { removed, left: [...refused, ...left], shared };
}

type Outcome = 'removed' | 'gone' | 'busy' | 'shared' | 'foreign' | { readonly reason: string };

/** @param waiting - own directories that are there still: what holds one of them waits with it */
function removeOne(directory: OwnDirectory, waiting: readonly OwnDirectory[], isPlain: boolean): Outcome {
  const { mountPoint, path } = directory;
  const name = path.slice(path.lastIndexOf('/') + 1);
  let parent: OpenCgroup;
  try {
    parent = OpenCgroup.open({ mountPoint, path: path.slice(0, -name.length - 1) || '/', isPlain });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    // A slice that systemd stopped is gone with all below it.
    return error.code === 'CGROUP_NOT_FOUND' ? 'gone' : { reason: error.message };
  }
  try {
    const now = parent.identityOfChild(name);
    if (now === undefined || !isTheSame(directory, now)) return 'gone';
    try {
      parent.removeChild(name);
      return 'removed';
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'ENOENT' || errno === 'ENODEV') return 'gone';
      if (errno !== 'EBUSY' && errno !== 'ENOTEMPTY') return { reason: errnoReason(error) };
      return holderOf(parent, directory, name, waiting);
    }
  } finally {
    parent.close();
  }
}

/** What was only about to be made when the program was killed is known by its mark. */
function isTheSame({ device, inode }: OwnDirectory, now: CgroupIdentity): boolean {
  return inode === undefined ? isMarked(now) : now.device === device && now.inode === inode;
}

/** Tells why a directory cannot go: it holds cgroups of others, or is busy. */
function holderOf(
  parent: OpenCgroup,
  { mountPoint, path }: OwnDirectory,
  name: string,
  waiting: readonly OwnDirectory[],
): Outcome {
  let cgroup: OpenCgroup;
  try {
    cgroup = parent.openChild(name);
  } catch {
    // It went away by itself: the next round sees that.
    return 'busy';
  }
  try {
    const isWaiting = (child: string): boolean =>
      waiting.some((each) => each.mountPoint === mountPoint && each.path === `${path}/${child}`);
    const others = cgroup.children().filter((child) => !isWaiting(child));
    if (others.length === 0) return 'busy';
    const isOurs = (child: string): boolean => {
      const identity = cgroup.identityOfChild(child);
      return identity === undefined || isMarked(identity);
    };
    return others.every(isOurs) ? 'shared' : 'foreign';
  } finally {
    cgroup.close();
  }
}
