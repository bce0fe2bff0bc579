import type { Stats } from 'node:fs';
import { systemCall } from '../linux/libc/system-call.ts';

// flock(2), sys/file.h, errno.h.
const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const EWOULDBLOCK = 11;

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
