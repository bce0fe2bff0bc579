import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  rmdirSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { systemCall } from '../linux/libc/system-call.ts';
import { reasonOf } from './write-file.ts';

/** A directory that nobody else installs into until it is closed. */
export interface LockedDirectory {
  /** The topmost directory that was made on the way, undefined when all were there. */
  readonly made: string | undefined;
  close(): void;
}

// flock(2), sys/file.h, errno.h.
const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const EWOULDBLOCK = 11;

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
        flock(descriptor);
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

function flock(descriptor: number): void {
  for (const end = Date.now() + PATIENCE_MILLISECONDS; !tryLock(descriptor); ) {
    if (Date.now() >= end) {
      throw new Error(`somebody else holds its lock for ${PATIENCE_MILLISECONDS / 1000} s (see lslocks)`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MILLISECONDS);
  }
}

/**
 * Takes the lock of an open file by flock(2) without waiting; gives false where another has it.
 *
 * @throws {Error} for what else flock(2) refuses
 */
export function tryLock(descriptor: number): boolean {
  for (;;) {
    const result = systemCall('flock', descriptor, LOCK_EX | LOCK_NB);
    if (result === 0) return true;
    if (result === -EWOULDBLOCK) return false;
    if (result !== -EINTR) throw new Error(`flock(2) gives errno ${-result}`);
  }
}

/** Tells whether two looks saw one file. */
export function isSameFile(one: Stats, other: Stats | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}

/**
 * Makes a directory and those above it; gives the topmost that was not there, or undefined when all were. Step by step:
 * asked for all of them at once, Node never ends where /proc says that a name cannot be.
 */
function makeMissing(directory: string): string | undefined {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return undefined;
  const topmost = stats || directory === '/' ? undefined : makeMissing(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o755 });
  } catch (error) {
    // Another installation made it a moment ago.
    if (errnoOf(error) !== 'EEXIST' || stats) throw error;
    return topmost;
  }
  return topmost ?? directory;
}

/** Has the kernel bring a file, or the names in a directory, to the disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Removes a directory that was made for what lay in it, unless somebody else put a file there since. */
export function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') throw error;
  }
}

/** Takes back the directories that were made, those that are empty. */
export function removeEmptyDirectories(directory: string, topmost: string): void {
  const top = resolve(topmost);
  for (let current = resolve(directory); current.startsWith(top); current = dirname(current)) removeIfEmpty(current);
}
