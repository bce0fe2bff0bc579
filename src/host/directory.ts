import { closeSync, constants, fsyncSync, mkdirSync, openSync, rmdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errnoOf } from '../core/diagnostic/system-error.ts';

/**
 * Makes a directory and those above it; gives the topmost that was not there, or undefined when all were. Step by step:
 * asked for all of them at once, Node never ends where /proc says that a name cannot be.
 */
export function makeMissing(directory: string): string | undefined {
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
