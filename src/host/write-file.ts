import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  statSync,
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
  const target = resolveLinks(path);
  // The process number keeps two writers apart, the flag `wx` keeps out links that somebody laid there.
  const temporary = `${dirname(target)}/.${basename(target)}.${process.pid}.tmp`;
  try {
    const before = statSync(target, { throwIfNoEntry: false });
    if (before && !before.isFile()) throw new Error('it is not a regular file');
    const descriptor = openExclusively(temporary, before ? 0o600 : mode);
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

/** A file of this name can only be left over from a process of the same number that was killed. */
function openExclusively(path: string, mode: number): number {
  try {
    return openSync(path, 'wx', mode);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    unlinkSync(path);
    return openSync(path, 'wx', mode);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(descriptor, bytes, written, bytes.length - written);
  }
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // A file that is not there yet keeps its name; a link to such a file is followed once.
    try {
      return resolve(dirname(path), readlinkSync(path));
    } catch {
      return path;
    }
  }
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
