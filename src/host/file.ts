import { closeFile, openFile, readInto, statusOf } from '#file-calls';
import type { FilePath, FileStatus } from '../linux/file-calls/file-calls.ts';
import { FILE_TYPE, REGULAR } from '../linux/file-calls/file-calls.ts';
import { EAGAIN, EINTR, ELOOP, systemFailure } from './errno.ts';

/** A file that was read, or why it was not. `isLink` says whether the last part of its path is a symbolic link. */
export type FileContent =
  | { readonly kind: 'content'; readonly bytes: Buffer; readonly stats: FileStatus; readonly isLink: boolean }
  | { readonly kind: 'too-large'; readonly bytes: number }
  | { readonly kind: 'not-regular'; readonly what: string }
  | { readonly kind: 'failed'; readonly error: Error };

/**
 * Reads a regular file of at most `limit` bytes. It never blocks: a FIFO is opened without waiting for a writer, and
 * only a regular file is read.
 *
 * @param shared - holds the bytes of a file that fits, until the next is read; who reads many files spares memory
 */
export function readBoundedFile(path: FilePath, limit: number, shared?: Buffer): FileContent {
  let descriptor = openFile(path, 'stay');
  const isLink = descriptor === -ELOOP;
  if (isLink) descriptor = openFile(path, 'follow');
  if (descriptor < 0) return { kind: 'failed', error: systemFailure(descriptor) };
  try {
    const stats = statusOf(descriptor);
    if (typeof stats === 'number') return { kind: 'failed', error: systemFailure(stats) };
    if (!isRegular(stats)) return { kind: 'not-regular', what: kindOf(stats) };
    if (stats.size > limit) return { kind: 'too-large', bytes: stats.size };
    const bytes = readUpTo(descriptor, limit, stats.size, shared);
    return bytes.length > limit
      ? { kind: 'too-large', bytes: bytes.length }
      : { kind: 'content', bytes, stats, isLink };
  } catch (error) {
    return { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
  } finally {
    closeFile(descriptor);
  }
}

/**
 * Reads a descriptor to its end, but no more than one byte beyond `limit`.
 *
 * @param expected - the likely size in bytes; files of /proc say 0
 * @param shared - is used in place of new memory where it is large enough
 */
export function readUpTo(descriptor: number, limit: number, expected = 0, shared?: Buffer): Buffer {
  // One byte more than expected lets the end be seen without another buffer.
  const size = Math.min(limit, expected > 0 ? expected : 65_536) + 1;
  let buffer = shared !== undefined && size <= shared.length ? shared : Buffer.allocUnsafe(size);
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
    const read = readInto(descriptor, buffer, offset);
    if (read >= 0) return read;
    if (read === -EINTR) continue;
    if (read !== -EAGAIN) throw systemFailure(read);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
  }
}

/** Tells whether a status is a regular file's. */
export function isRegular({ mode }: Pick<FileStatus, 'mode'>): boolean {
  return (mode & FILE_TYPE) === REGULAR;
}

const KINDS: ReadonlyMap<number, string> = new Map([
  [0o010000, 'FIFO'],
  [0o020000, 'character device'],
  [0o040000, 'directory'],
  [0o060000, 'block device'],
  [0o140000, 'socket'],
]);

/** Names what a path leads to when it is no regular file. */
export function kindOf({ mode }: Pick<FileStatus, 'mode'>): string {
  return KINDS.get(mode & FILE_TYPE) ?? 'special file';
}
