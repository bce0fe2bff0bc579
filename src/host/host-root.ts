import { lstatSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { FindHookProgram } from '../core/catalog/hook-path.ts';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { programKind } from './hook-program.ts';
import { reasonOf } from './write-file.ts';

// As many as the kernel follows (path_resolution(7)).
const MOST_LINKS = 40;

/** PATH_MAX of linux/limits.h. */
const LONGEST_PATH = 4096;

/**
 * Gives where a path of the host lies in this mount namespace, when the host's root is mounted at `root`: links are
 * followed as the host sees them, so that an absolute one starts at `root` again and none climbs out of it. Parts that are
 * not there stay as they are written. (The rule of openat2(2) with RESOLVE_IN_ROOT.)
 *
 * @param root - where the host's root is mounted; `/` or empty for the host itself
 * @param path - as the host names it
 * @throws an error with an errno name as `code`, as the functions of node:fs do
 */
export function resolveBeneath(root: string, path: string): string {
  if (path.length > LONGEST_PATH) throw failure('ENAMETOOLONG', 'file name too long');
  const base = root.replace(/\/+$/, '');
  const ahead = partsOf(path);
  const done: string[] = [];
  const here = (...more: readonly string[]): string => [base, ...done, ...more].join('/') || '/';
  for (let links = 0; links <= MOST_LINKS; ) {
    const part = ahead.shift();
    if (part === undefined) return here();
    if (part === '..') {
      if (done.length > 0 && !lstatSync(here()).isDirectory()) throw failure('ENOTDIR', 'not a directory');
      done.pop();
      continue;
    }
    const target = linkTarget(here(part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links++;
    if (target.startsWith('/')) done.length = 0;
    ahead.unshift(...partsOf(target));
  }
  throw failure('ELOOP', 'too many symbolic links');
}

/**
 * Gives a look for hook programs beneath a directory where another root is mounted, such as the host's in a pod: at what a
 * process with that root would find.
 */
export function findHookProgramBeneath(root: string): FindHookProgram {
  return (path) => {
    if (!path.startsWith('/')) return { kind: 'unreachable', reason: 'a relative path has no place on the host' };
    try {
      return programKind(lstatSync(resolveBeneath(root, path)));
    } catch (error) {
      const errno = errnoOf(error);
      return errno === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreachable', reason: errno ?? 'it is not a path' };
    }
  };
}

/**
 * Gives where a path lies as it is reached from here: beneath the host's root, or as it is named when there is none.
 *
 * @throws {SystemError} `FILE_READ` for a path that leads nowhere
 */
export function placeOnHost(root: string | undefined, path: string): string {
  if (root === undefined) return path;
  try {
    return resolveBeneath(root, path);
  } catch (error) {
    throw new SystemError('FILE_READ', { path, reason: reasonOf(error) }, { cause: error });
  }
}

/** Gives a directory's name on the host, absolute. */
export function hostName(root: string | undefined, path: string): string {
  return root === undefined ? resolve(path) : resolve('/', path);
}

function partsOf(path: string): string[] {
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

function failure(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code });
}
