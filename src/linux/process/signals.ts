import { systemCall } from '../libc/system-call.ts';
import { readProcText } from './proc-file.ts';

// Source: bits/signum-arch.h, bits/sigaction.h; the same on every port in syscall-numbers.ts.
const SIGPIPE = 13;
const SIGXFSZ = 25;
const SIGPWR = 30;
const SIG_BLOCK = 0;
const SIGNAL_SET_BYTES = 8;
// The kernel's struct sigaction is shorter on every port, and starts with the handler: SIG_DFL, which is 0, or SIG_IGN,
// which is 1. No flags, nothing masked.
const DEFAULT = new Uint8Array(64);
const IGNORE = new Uint8Array(BigUint64Array.of(1n, 0n, 0n, 0n, 0n, 0n, 0n, 0n).buffer);

/**
 * Puts back what our own runtime has done to signals and execve(2) would keep: SIGPIPE and SIGXFSZ, which Bun ignores, are
 * at their default again, and SIGPWR, which it unblocks, is blocked again when it was. Node sets all signals to their
 * default and unblocks them as it starts; what they were is lost then.
 */
export function restoreSignals(): void {
  const parent = readProcText(`/proc/${process.ppid}/status`);
  const action = handsOnIgnoredPipe(parent) ? IGNORE : DEFAULT;
  systemCall('rt_sigaction', SIGPIPE, action, 0, SIGNAL_SET_BYTES);
  systemCall('rt_sigaction', SIGXFSZ, DEFAULT, 0, SIGNAL_SET_BYTES);
  const blocked = maskToRestore(readProcText('/proc/self/status'), parent);
  if (blocked === 0n) return;
  systemCall('rt_sigprocmask', SIG_BLOCK, new Uint8Array(BigUint64Array.of(blocked).buffer), 0, SIGNAL_SET_BYTES);
}

/**
 * Tells whether our parent ignores SIGPIPE and lets its children inherit that. Of those who start runtimes, conmon does;
 * most others who ignore it (Node, Python) set their children's to the default.
 *
 * @param parent - its /proc/PID/status
 */
export function handsOnIgnoredPipe(parent: string): boolean {
  const ignored = signalSet(parent, 'SigIgn') ?? 0n;
  return fieldOf(parent, 'Name') === 'conmon' && (ignored & (1n << BigInt(SIGPIPE - 1))) !== 0n;
}

/**
 * Gives the signals to block again, as a set: SIGPWR, when our parent blocks it and in all else the same as we.
 *
 * @param own - our /proc/PID/status
 * @param parent - our parent's
 */
export function maskToRestore(own: string, parent: string): bigint {
  const bit = 1n << BigInt(SIGPWR - 1);
  const [ours, theirs] = [signalSet(own, 'SigBlk'), signalSet(parent, 'SigBlk')];
  return theirs !== undefined && theirs === (ours ?? 0n) + bit && (theirs & bit) !== 0n ? bit : 0n;
}

/** Reads a set of signals of /proc/PID/status; undefined where nothing is known of the process. */
function signalSet(status: string, name: string): bigint | undefined {
  const set = fieldOf(status, name);
  return set === undefined ? undefined : BigInt(`0x${set}`);
}

/** Gives what stands behind `NAME:` in a line of its own. */
function fieldOf(status: string, name: string): string | undefined {
  const label = `\n${name}:\t`;
  // The first line has no line break before it.
  const text = `\n${status}`;
  const at = text.indexOf(label);
  if (at < 0) return undefined;
  const end = text.indexOf('\n', at + label.length);
  return text.slice(at + label.length, end < 0 ? undefined : end);
}
