import { systemCall } from '../libc/system-call.ts';
import { readProcText } from './proc-file.ts';

// Source: bits/resource.h.
const RLIMIT_NOFILE = 7;
const UNLIMITED = 2n ** 64n - 1n;
const LINE = '\nMax open files ';

/** The limits of open files of a process. */
export interface OpenFilesLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

/** Reads the line of /proc/PID/limits that says `Max open files`, or gives undefined where there is none. */
export function parseOpenFilesLimit(limits: string): OpenFilesLimit | undefined {
  const at = limits.indexOf(LINE);
  if (at < 0) return undefined;
  const soft = limitAt(limits, at + LINE.length);
  const hard = soft && limitAt(limits, soft.end);
  return hard && { soft: soft.limit, hard: hard.limit };
}

/** Reads the word behind some spaces: a number, or `unlimited`. */
function limitAt(text: string, from: number): { readonly limit: bigint; readonly end: number } | undefined {
  let start = from;
  while (text[start] === ' ') start++;
  let end = start;
  while (end < text.length && text[end] !== ' ') end++;
  const word = text.slice(start, end);
  if (word === 'unlimited') return { limit: UNLIMITED, end };
  return isDecimal(word) ? { limit: BigInt(word), end } : undefined;
}

function isDecimal(word: string): boolean {
  for (const digit of word) if (digit < '0' || digit > '9') return false;
  return word !== '';
}

/**
 * Sets our soft limit of open files back to the parent's: Node and Bun raise it to the hard limit as they start, and what
 * it was is written nowhere. A parent with another hard limit tells nothing: then ours is left.
 */
export function restoreOpenFilesLimit(): void {
  const own = parseOpenFilesLimit(readProcText('/proc/self/limits'));
  const parent = parseOpenFilesLimit(readProcText(`/proc/${process.ppid}/limits`));
  if (!own || !parent || own.hard !== parent.hard || own.soft === parent.soft) return;
  const limit = new Uint8Array(BigUint64Array.of(parent.soft, parent.hard).buffer);
  // A limit that cannot be set is left: the program we become can raise or lower its own.
  systemCall('prlimit64', 0, RLIMIT_NOFILE, limit, 0);
}
