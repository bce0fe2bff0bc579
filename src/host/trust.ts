import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { type Diagnostic, error, warning } from '../core/diagnostic/diagnostic.ts';

/** What happens to a file that others than its owner's trusted user could change. */
export type Trust = 'refuse' | 'warn' | 'ignore';

/** Checks paths by the trust rule; a directory is looked at once. */
export type TrustCheck = (path: string) => readonly Diagnostic[];

/**
 * Gives a check that a file, its directory and every directory above belong to root (or the caller, when not root) and
 * cannot be written by others, links followed. A sticky directory of root's is safe to pass through.
 */
export function createTrustCheck(trust: Trust): TrustCheck {
  if (trust === 'ignore') return () => [];
  const report = trust === 'refuse' ? error : warning;
  const owner = process.geteuid?.() ?? 0;
  const known = new Map<string, string | undefined>();
  const unsafeAbove = (directory: string): Problem | undefined => {
    for (let current = directory; ; current = dirname(current)) {
      const detail = known.has(current) ? known.get(current) : problemOf(current, owner, true);
      known.set(current, detail);
      if (detail !== undefined) return { path: current, detail };
      if (current === dirname(current)) return undefined;
    }
  };
  return (path) => {
    let real: string;
    let realDirectory: string;
    try {
      real = realpathSync(path);
      realDirectory = realpathSync(dirname(path));
    } catch {
      // The file is gone or a loop of links: whoever reads it says so.
      return [];
    }
    const own = problemOf(real, owner, false);
    // A link is as safe as the directory it lies in: whoever writes there leads it elsewhere.
    const problem =
      own === undefined ? (unsafeAbove(dirname(real)) ?? unsafeAbove(realDirectory)) : { path: real, detail: own };
    if (!problem) return [];
    const isOwner = problem.detail.startsWith('uid');
    const hint = isOwner ? `chown ${owner === 0 ? 'root' : owner} ${problem.path}` : `chmod go-w ${problem.path}`;
    const args = {
      unsafePath: problem.path,
      problem: isOwner ? ('owner' as const) : ('writable' as const),
      detail: problem.detail,
    };
    return [report('PERMISSION_UNSAFE', { path, hint }, args)];
  };
}

interface Problem {
  readonly path: string;
  readonly detail: string;
}

/** `uid N` for a wrong owner, the mode for one that others may write, undefined when all is well. */
function problemOf(path: string, owner: number, isDirectory: boolean): string | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(path);
  } catch {
    // It went away since the path was resolved; reading it says so.
    return undefined;
  }
  if (stats.uid !== 0 && stats.uid !== owner) return `uid ${stats.uid}`;
  const isWritable = (stats.mode & 0o022) !== 0;
  const isSticky = isDirectory && stats.uid === 0 && (stats.mode & 0o1000) !== 0;
  return isWritable && !isSticky ? (stats.mode & 0o7777).toString(8).padStart(4, '0') : undefined;
}
