import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';

/**
 * Replaces a file whole or not at all: the bytes go to a new file beside it, which then takes its name. Mode and owner
 * of a file that is there stay; a new one gets `mode`. A link stays, and the file it leads to is replaced.
 *
 * @throws {SystemError} `FILE_WRITE`; the file is then as it was, and nothing is left beside it
 */
export function writeFileAtomically(path: string, bytes: Uint8Array, mode = 0o644): void {
  writeTarget(path, resolveLinks(path), bytes, mode);
}

/**
 * Writes a file of this program's own, such as a record: as `writeFileAtomically` does, but a link that somebody laid there
 * is replaced, and never followed.
 *
 * @throws {SystemError} `FILE_WRITE`
 */
export function writeOwnFile(path: string, bytes: Uint8Array, mode = 0o644): void {
  writeTarget(path, path, bytes, mode);
}

function writeTarget(path: string, target: string, bytes: Uint8Array, mode: number): void {
  const temporary = temporaryPath(target);
  try {
    const there = lstatSync(target, { throwIfNoEntry: false });
    const before = there?.isSymbolicLink() ? undefined : there;
    if (before && !before.isFile()) throw new Error('it is not a regular file');
    // The flag `wx` keeps out links that somebody laid there.
    const descriptor = openSync(temporary, 'wx', before ? 0o600 : mode);
    try {
      writeAll(descriptor, bytes);
      if (before) {
        fchownSync(descriptor, before.uid, before.gid);
        fchmodSync(descriptor, before.mode & 0o7777);
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, target);
  } catch (error) {
    removeIfThere(temporary);
    throw new SystemError('FILE_WRITE', { path, reason: reasonOf(error) }, { cause: error });
  }
}

/**
 * Gives a new name beside a file. The process number alone would not keep two writers apart that run in containers of
 * their own; the start of the file's name is kept, as names have at most 255 bytes.
 */
function temporaryPath(target: string): string {
  const random = Math.random().toString(36).slice(2, 10);
  return `${dirname(target)}/.${Array.from(basename(target)).slice(0, 48).join('')}.${process.pid}-${random}.tmp`;
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

// As many as the kernel follows (path_resolution(7)).
const MOST_LINKS = 40;

/** Follows links as the kernel does, also to a file that is not there yet: that file is made, the link stays. */
function resolveLinks(path: string): string {
  let current = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    try {
      return realpathSync(current);
    } catch {
      try {
        // Where a link leads is counted from the directory it lies in, its own links followed.
        const directory = realpathSync(dirname(current));
        current = resolve(directory, readlinkSync(`${directory}/${basename(current)}`));
      } catch {
        // No link stands there: a new file gets this name, or the directory is missing and opening says so.
        return current;
      }
    }
  }
  return current;
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    // It was never made, or the directory is read-only: the first error is the one to tell.
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Gives the words of a system failure: `ENOSPC: no space left on device`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.replace(/, \w+( '.*)?$/, '');
}
