import { closeSync, constants, fstatSync, lstatSync, openSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { isSameFile, tryLock } from '../host/file-lock.ts';
import { runDirectory } from '../host/run-directory.ts';
import { reasonOf } from '../host/write-file.ts';
import { makeRecordDirectory, type RecordKey, recordDirectory } from './record.ts';

/** How a lock is waited for. */
export interface LockWait {
  readonly everyMs: number;
  readonly forMs: number;
}

/** Longer than a helper needs to drain a cgroup; the timeout of a hook is shorter or ends the wait itself. */
const WAIT: LockWait = { everyMs: 10, forMs: 60_000 };

/**
 * Runs a deed that reads and writes a container's records while no other helper does one for that container. The lock is a
 * file in the container's own directory, by flock(2): it ends with the process, whatever ends it. Whoever holds it removes
 * it, with the directory where that has no record; who waited for a file that is gone begins again.
 *
 * @throws {SystemError} `RECORD`, also where the wait is too long
 */
export async function withRecordLock<T>(
  key: RecordKey,
  deed: () => Promise<T> | T,
  root: string = runDirectory(),
  wait: LockWait = WAIT,
): Promise<T> {
  const directory = recordDirectory(key, root);
  return withLockIn(directory, deed, () => makeRecordDirectory(key, root), wait);
}

/**
 * As `withRecordLock`, but does nothing and gives undefined where the container has no record at all.
 *
 * @throws {SystemError} `RECORD`
 */
export async function withExistingRecordLock<T>(
  directory: string,
  deed: () => Promise<T> | T,
  wait: LockWait = WAIT,
): Promise<T | undefined> {
  return withLockIn(directory, deed, () => lstatSync(directory, { throwIfNoEntry: false }) !== undefined, wait);
}

async function withLockIn<T>(
  directory: string,
  deed: () => Promise<T> | T,
  prepare: () => boolean,
  wait: LockWait,
): Promise<T>;
async function withLockIn<T>(
  directory: string,
  deed: () => Promise<T> | T,
  prepare: () => boolean,
  wait: LockWait,
): Promise<T | undefined> {
  const path = join(directory, 'lock');
  const descriptor = await take(path, prepare, wait);
  if (descriptor === undefined) return undefined;
  try {
    return await deed();
  } finally {
    release(path, directory);
    closeSync(descriptor);
  }
}

async function take(path: string, prepare: () => boolean, { everyMs, forMs }: LockWait): Promise<number | undefined> {
  const until = Date.now() + forMs;
  for (;;) {
    if (!prepare()) return undefined;
    const descriptor = openLock(path);
    if (descriptor !== undefined) {
      let isOurs = false;
      try {
        // While we waited, its holder may have removed it: then nobody else finds the file that we have.
        isOurs = tryLock(descriptor) && isSameFile(fstatSync(descriptor), lstatSync(path, { throwIfNoEntry: false }));
      } catch (error) {
        throw new SystemError('RECORD', { path, reason: reasonOf(error) }, { cause: error });
      } finally {
        if (!isOurs) closeSync(descriptor);
      }
      if (isOurs) return descriptor;
    }
    if (Date.now() >= until) {
      throw new SystemError('RECORD', { path, reason: `another helper has held it for ${forMs / 1000} s` });
    }
    await sleep(everyMs);
  }
}

/** Undefined where the directory went meanwhile. */
function openLock(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new SystemError('RECORD', { path, reason: reasonOf(error) }, { cause: error });
  }
}

/** Done while the lock is held. What is not removed is in nobody's way. */
function release(path: string, directory: string): void {
  try {
    unlinkSync(path);
    rmdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
  }
}
