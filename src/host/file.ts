import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import type { FileOwnership } from './trust.ts';

/** A file that was read, or why it was not. `isLink` says whether the last part of its path is a symbolic link. */
export type FileContent =
  | { readonly kind: 'content'; readonly bytes: Buffer; readonly stats: FileOwnership; readonly isLink: boolean }
  | { readonly kind: 'too-large'; readonly bytes: number }
  | { readonly kind: 'not-regular'; readonly what: string }
  | { readonly kind: 'failed'; readonly error: unknown };

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Reads a regular file of at most `limit` bytes. It never blocks: a FIFO is opened without waiting for a writer, and
 * only a regular file is read.
 */
export function readBoundedFile(path: string | Uint8Array, limit: number): FileContent {
  const file = typeof path === 'string' ? path : Buffer.from(path);
  let descriptor: number;
  let isLink = false;
  try {
    descriptor = openSync(file, OPEN_FLAGS | constants.O_NOFOLLOW);
  } catch (notPlain) {
    if (errnoOf(notPlain) !== 'ELOOP') return { kind: 'failed', error: notPlain };
    try {
      descriptor = openSync(file, OPEN_FLAGS);
      isLink = true;
    } catch (error) {
      return { kind: 'failed', error };
    }
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return { kind: 'not-regular', what: kindOf(stats) };
    if (stats.size > limit) return { kind: 'too-large', bytes: stats.size };
    const bytes = readUpTo(descriptor, limit, stats.size);
    return bytes.length > limit
      ? { kind: 'too-large', bytes: bytes.length }
      : { kind: 'content', bytes, stats, isLink };
  } catch (error) {
    return { kind: 'failed', error };
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Reads a descriptor to its end, but no more than one byte beyond `limit`.
 *
 * @param expected - the likely size in bytes; files of /proc say 0
 */
export function readUpTo(descriptor: number, limit: number, expected = 0): Buffer {
  // One byte more than expected lets the end be seen without another buffer.
  let buffer = Buffer.allocUnsafe(Math.min(limit, expected > 0 ? expected : 65_536) + 1);
  let length = 0;
  for (;;) {
    const read = readPatiently(descriptor, buffer, length);
    length += read;
    // As many as expected and no more: that saves asking for the end.
    if (read === 0 || length > limit || length === expected) return buffer.subarray(0, length);
    if (length === buffer.length) buffer = Buffer.concat([buffer], Math.min(buffer.length * 2, limit + 1));
  }
}

/** Standard input may be a pipe that does not block: EAGAIN means that the writer is slower than we are. */
function readPatiently(descriptor: number, buffer: Buffer, offset: number): number {
  for (;;) {
    try {
      return readSync(descriptor, buffer, offset, buffer.length - offset, null);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Names what a path leads to when it is no regular file. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'directory';
  if (stats.isFIFO()) return 'FIFO';
  if (stats.isSocket()) return 'socket';
  if (stats.isCharacterDevice()) return 'character device';
  return stats.isBlockDevice() ? 'block device' : 'special file';
}
