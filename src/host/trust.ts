import { access, statusAt } from '#file-calls';
import { type Diagnostic, error, warning } from '../core/diagnostic/diagnostic.ts';
import { shellWord } from '../core/diagnostic/quote.ts';
import type { FileStatus } from '../linux/file-calls/file-calls.ts';
import { EROFS } from './errno.ts';
import { followLinks } from './link.ts';
import { machineRoot } from './machine-root.ts';
import { childOf, parentOf } from './path.ts';

/** What happens to a file that others than its owner's trusted user could change. */
export type Trust = 'refuse' | 'warn' | 'ignore';

/**
 * Checks paths by the trust rule; a directory is looked at once.
 *
 * @param opened - the file as it was read, which is surer than to look at its path again
 */
export type TrustCheck = (path: string, opened?: OpenedFile) => readonly Diagnostic[];

/** Who may change a file, as fstat(2) says it. */
export type FileOwnership = Pick<FileStatus, 'mode' | 'uid'>;

/** What is known of a file that was opened by its path. */
export interface OpenedFile {
  readonly stats: FileOwnership;
  /** Whether the last part of the path is a symbolic link: then the file lies in another directory. */
  readonly isLink: boolean;
}

/** What besides the rule counts as safe. */
export interface TrustOptions {
  /**
   * Takes a directory that others may write for safe when it lies on a mount that is read-only here: kubelet gives the
   * volume of a ConfigMap the mode 0777, in a place of the node that only root can reach.
   */
  readonly trustReadOnlyMounts?: boolean;
}

/**
 * Gives a check that a file, its directory and every directory above belong to root (or the caller, when not root) and
 * cannot be written by others, links followed. A sticky directory of root's is safe to pass through. In a user namespace
 * without the machine's root, as under rootless Podman, root is not told from others whom it does not have: all count as root.
 */
export function createTrustCheck(trust: Trust, { trustReadOnlyMounts = false }: TrustOptions = {}): TrustCheck {
  if (trust === 'ignore') return () => [];
  const report = trust === 'refuse' ? error : warning;
  const owner = process.geteuid?.() ?? 0;
  const known = new Map<string, string | undefined>();
  const directoryProblem = (path: string): string | undefined => {
    const detail = problemAt(path, owner, true);
    const isOwner = detail?.startsWith('uid') === true;
    return detail !== undefined && !isOwner && trustReadOnlyMounts && isOnReadOnlyMount(path) ? undefined : detail;
  };
  const unsafeAbove = (directory: string): Problem | undefined => {
    for (let current = directory; ; current = parentOf(current)) {
      if (!known.has(current)) known.set(current, directoryProblem(current));
      const detail = known.get(current);
      if (detail !== undefined) return { path: current, detail };
      if (current === '/') return undefined;
    }
  };
  /** A link is as safe as its owner and the directory it lies in: whoever may change either leads it elsewhere. */
  const unsafeLink = (links: readonly string[]): Problem | undefined => {
    for (const link of links) {
      const status = statusAt(link, 'stay');
      const uid = typeof status === 'number' ? 0 : status.uid;
      if (!isSafeOwner(uid, owner)) return { path: link, detail: `uid ${uid}` };
      const problem = unsafeAbove(parentOf(link));
      if (problem) return problem;
    }
    return undefined;
  };
  const directories = new Map<string, Directory | undefined>();
  /** Gives a directory with its links followed, and what is unsafe about it or above. */
  const directoryAt = (path: string): Directory | undefined => {
    const looked = directories.get(path);
    if (looked) return looked;
    if (!directories.has(path)) {
      const followed = followLinks(path);
      const problem = followed && (unsafeAbove(followed.path) ?? unsafeLink(followed.links));
      directories.set(path, followed && { path: followed.path, problem });
    }
    return directories.get(path);
  };
  const find = (path: string, opened: OpenedFile | undefined): Problem | undefined => {
    if (opened && !opened.isLink) {
      const directory = directoryAt(parentOf(path));
      const detail = problemOf(opened.stats, owner, false);
      // A path is only put together for a message.
      return detail === undefined || !directory
        ? directory?.problem
        : { path: childOf(directory.path, path.slice(path.lastIndexOf('/') + 1)), detail };
    }
    const followed = followLinks(path);
    if (!followed) return undefined;
    const detail = problemAt(followed.path, owner, false);
    if (detail !== undefined) return { path: followed.path, detail };
    return directoryAt(parentOf(followed.path))?.problem ?? unsafeLink(followed.links);
  };
  return (path, opened) => {
    const problem = find(path, opened);
    if (!problem) return NONE;
    const isOwner = problem.detail.startsWith('uid');
    const hint = isOwner
      ? `chown ${owner === 0 ? 'root' : owner} ${shellWord(problem.path)}`
      : `chmod go-w ${shellWord(problem.path)}`;
    const args = {
      unsafePath: problem.path,
      problem: isOwner ? ('owner' as const) : ('writable' as const),
      detail: problem.detail,
    };
    return [report('PERMISSION_UNSAFE', { path, hint }, args)];
  };
}

const NONE: readonly Diagnostic[] = [];

interface Problem {
  readonly path: string;
  readonly detail: string;
}

interface Directory {
  readonly path: string;
  readonly problem: Problem | undefined;
}

function problemAt(path: string, owner: number, isDirectory: boolean): string | undefined {
  const status = statusAt(path, 'stay');
  // It went away since the path was resolved; reading it says so.
  return typeof status === 'number' ? undefined : problemOf(status, owner, isDirectory);
}

/** Whether nobody can write a directory through the mount it is seen by here; access(2) then says EROFS. */
function isOnReadOnlyMount(path: string): boolean {
  return access(path, 'write') === -EROFS;
}

function isSafeOwner(uid: number, owner: number): boolean {
  return uid === owner || isRoot(uid);
}

/** In a user namespace that does not have the machine's root, what is root's looks like everybody's that it does not have. */
function isRoot(uid: number): boolean {
  return uid === 0 || uid === machineRoot();
}

/** `uid N` for a wrong owner, the mode for one that others may write, undefined when all is well. */
function problemOf(stats: FileOwnership, owner: number, isDirectory: boolean): string | undefined {
  if (!isSafeOwner(stats.uid, owner)) return `uid ${stats.uid}`;
  const isWritable = (stats.mode & 0o022) !== 0;
  const isSticky = isDirectory && isRoot(stats.uid) && (stats.mode & 0o1000) !== 0;
  return isWritable && !isSticky ? (stats.mode & 0o7777).toString(8).padStart(4, '0') : undefined;
}

/** Tells whether nobody but root and the caller may have written a file. */
export function isOwn(stats: FileOwnership): boolean {
  return problemOf(stats, process.geteuid?.() ?? 0, false) === undefined;
}
