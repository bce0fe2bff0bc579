import { readFileSync } from 'node:fs';
import { systemCall } from '../libc/system-call.ts';

// Source: bits/resource.h.
const RLIMIT_NOFILE = 7;
const UNLIMITED = 2n ** 64n - 1n;

/** The limits of open files of a process. */
export interface OpenFilesLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Reads the line of /proc/PID/limits that says `Max open files`, or gives undefined where there is none. */
export function parseOpenFilesLimit(limits: string): OpenFilesLimit | undefined {
  const match = /^Max open files +(\d+|unlimited) +(\d+|unlimited) /m.exec(limits);
  if (!match) return undefined;
  const limit = (text: string | undefined): bigint => (text === 'unlimited' ? UNLIMITED : BigInt(text ?? 0));
  return { soft: limit(match[1]), hard: limit(match[2]) };
}

/**
 * Sets our soft limit of open files back to the parent's: Node and Bun raise it to the hard limit as they start, and what
 * it was is written nowhere. A parent with another hard limit tells nothing: then ours is left.
 */
export function restoreOpenFilesLimit(): void {
  const own = readOpenFilesLimit('self');
  const parent = readOpenFilesLimit(String(process.ppid));
  if (!own || !parent || own.hard !== parent.hard || own.soft === parent.soft) return;
  const limit = new Uint8Array(BigUint64Array.of(parent.soft, parent.hard).buffer);
  // A limit that cannot be set is left: the program we become can raise or lower its own.
  systemCall('prlimit64', 0, RLIMIT_NOFILE, limit, 0);
}

function readOpenFilesLimit(pid: string): OpenFilesLimit | undefined {
  try {
    return parseOpenFilesLimit(readFileSync(`/proc/${pid}/limits`, 'latin1'));
  } catch {
    // The parent is gone, or /proc does not show it to us.
    return undefined;
  }
}
