import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { PathWatchers } from '../host/path-watchers.ts';

/** Ends a watching. */
export type Unwatch = () => void;

/**
 * Watches for a socket that appears, or is made anew, at a path. The directory may be missing, and may come and go. Where
 * nothing can be watched nobody is told.
 *
 * @param appeared - told each time that another socket stands there than before
 */
export function watchForSocket(path: string, appeared: () => void): Unwatch {
  let before = socketAt(path);
  const watchers = new PathWatchers([dirname(path)], () => {
    watchers.arm();
    const now = socketAt(path);
    if (now === before) return;
    before = now;
    if (now !== undefined) appeared();
  });
  watchers.arm();
  return () => watchers.close();
}

/** A text that differs for sockets of the same path: the number of an inode is given out again, its time is not. */
function socketAt(path: string): string | undefined {
  try {
    const { dev, ino, ctimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${ctimeNs}`;
  } catch {
    // Not there, or not to be reached: connecting says so.
    return undefined;
  }
}
