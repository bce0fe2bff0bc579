import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';

// As many as the kernel follows (path_resolution(7)).
const MOST_LINKS = 40;

/**
 * Gives where a path of the host lies in this mount namespace, when the host's root is mounted at `root`: links are
 * followed as the host sees them, so that an absolute one starts at `root` again and none climbs out of it. Parts that are
 * not there stay as they are written. (The rule of openat2(2) with RESOLVE_IN_ROOT.)
 *
 * @param root - where the host's root is mounted; `/` or empty for the host itself
 * @param path - as the host names it
 * @throws {SystemError} `FILE_READ` for a loop of links
 */
export function resolveBeneath(root: string, path: string): string {
  const base = root.replace(/\/+$/, '');
  const ahead = parts(path);
  const done: string[] = [];
  for (let links = 0; links <= MOST_LINKS; ) {
    const part = ahead.shift();
    if (part === undefined) return done.length === 0 ? base || '/' : `${base}/${done.join('/')}`;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkTarget(`${base}/${[...done, part].join('/')}`);
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links++;
    if (target.startsWith('/')) done.length = 0;
    ahead.unshift(...parts(target));
  }
  throw new SystemError('FILE_READ', { path, reason: 'ELOOP: too many symbolic links' });
}

/** Gives where a path lies as it is reached from here: beneath the host's root, or as it is named when there is none. */
export function placeOnHost(root: string | undefined, path: string): string {
  return root === undefined ? path : resolveBeneath(root, path);
}

/** Gives a directory's name on the host, absolute. */
export function hostName(root: string | undefined, path: string): string {
  return root === undefined ? resolve(path) : resolve('/', path);
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or not there: whoever opens the path says so.
    return undefined;
  }
}
