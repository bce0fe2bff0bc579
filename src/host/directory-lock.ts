import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { makeMissing } from './directory.ts';
import { isSameFile, tryLock } from './file-lock.ts';
import { reasonOf } from './write-file.ts';

/** A directory that nobody else installs into until it is closed. */
export interface LockedDirectory {
  /** The topmost directory that was made on the way, undefined when all were there. */
  readonly made: string | undefined;
  close(): void;
}

/** How long another installation is waited for; whoever may read a directory may hold its lock for ever. */
const PATIENCE_MILLISECONDS = 10_000;
const PAUSE_MILLISECONDS = 20;

/**
 * Locks a directory by flock(2), which ends with the process whatever ends it, and makes it when it is not there. Waits for
 * whoever holds it.
 *
 * @throws {SystemError} `DIRECTORY_MAKE`
 */
export function lockDirectory(directory: string): LockedDirectory {
  const path = resolve(directory);
  let made: string | undefined;
  try {
    for (;;) {
      made = makeMissing(path) ?? made;
      const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        waitForLock(descriptor);
      } catch (error) {
        closeSync(descriptor);
        throw error;
      }
      // While we waited, another may have removed the directory: then this lock is on one that nobody finds any more.
      if (isSameFile(fstatSync(descriptor), statSync(path, { throwIfNoEntry: false }))) {
        return { made, close: () => closeSync(descriptor) };
      }
      closeSync(descriptor);
    }
  } catch (error) {
    throw new SystemError('DIRECTORY_MAKE', { path: directory, reason: reasonOf(error) }, { cause: error });
  }
}

function waitForLock(descriptor: number): void {
  for (const end = Date.now() + PATIENCE_MILLISECONDS; !tryLock(descriptor); ) {
    if (Date.now() >= end) {
      throw new Error(`somebody else holds its lock for ${PATIENCE_MILLISECONDS / 1000} s (see lslocks)`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS);
  }
}
