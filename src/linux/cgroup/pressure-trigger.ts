import { closeSync, constants, writeSync } from 'node:fs';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { systemCall } from '../libc/system-call.ts';
import { errnoReason } from './errno-reason.ts';
import type { OpenCgroup } from './open-cgroup.ts';

/** What tasks may wait for; each has a file `NAME.pressure`. */
export type PressureResource = 'memory' | 'cpu' | 'io';

/** What became of waiting: pressure, or the cgroup was removed. */
export type PressureEvent = 'pressure' | 'gone';

// Source: the kernel's Documentation/accounting/psi.rst, in microseconds.
const SHORTEST_WINDOW = 500_000;
const LONGEST_WINDOW = 10_000_000;

// Source: asm-generic/poll.h.
const POLLPRI = 2;
const POLLERR = 8;
const EINTR = 4;

/** Some kernels wake nobody as a cgroup is removed; then it is seen after so many seconds. */
const LOOK_AGAIN_SECONDS = 10n;

/** Reads a trigger, `some|full STALL WINDOW` in microseconds, as the kernel takes it; undefined where it is none. */
export function parsePressureTrigger(text: string): string | undefined {
  const match = /^(some|full) (\d{1,8}) (\d{1,8})$/.exec(text);
  if (match === null) return undefined;
  const [stall, window] = [Number(match[2]), Number(match[3])];
  const isInRange = window >= SHORTEST_WINDOW && window <= LONGEST_WINDOW && stall > 0 && stall <= window;
  return isInRange ? `${match[1]} ${stall} ${window}` : undefined;
}

/**
 * Sets a pressure trigger on a cgroup and gives the descriptor that stands for it: it is there for as long as the
 * descriptor is open, in whichever process.
 *
 * @throws {SystemError} `PRESSURE_TRIGGER`
 */
export function openPressureTrigger(cgroup: OpenCgroup, resource: PressureResource, trigger: string): number {
  const file = `${resource}.pressure`;
  const path = `${cgroup.directory}/${file}`;
  let descriptor: number | undefined;
  try {
    descriptor = cgroup.openFile(file, constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(descriptor, Buffer.from(trigger));
    return descriptor;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw new SystemError('PRESSURE_TRIGGER', { path, trigger, reason: reasonOf(error) }, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  switch (errnoOf(error)) {
    case 'ENOENT':
      return 'there is no such file: this kernel keeps no account of pressure (boot it with psi=1), or cgroup.pressure is 0';
    case 'EOPNOTSUPP':
      return 'this kernel keeps no account of pressure; boot it with psi=1';
    case 'EINVAL':
      return 'the kernel does not take this trigger (EINVAL); without CAP_SYS_RESOURCE the window is a multiple of 2000000';
    default:
      return errnoReason(error);
  }
}

/**
 * Waits on a pressure trigger, for as long as it takes. The thread does nothing else meanwhile.
 *
 * @throws {SystemError} `PRESSURE_WAIT`, `SYSCALL_UNKNOWN`
 */
export function awaitPressure(descriptor: number): PressureEvent {
  for (;;) {
    const event = pollPressure(descriptor, LOOK_AGAIN_SECONDS);
    if (event !== undefined) return event;
  }
}

/**
 * Looks at a pressure trigger for some seconds; undefined where nothing happened.
 *
 * @throws {SystemError} `PRESSURE_WAIT`, `SYSCALL_UNKNOWN`
 */
export function pollPressure(descriptor: number, seconds: bigint): PressureEvent | undefined {
  // struct pollfd { int fd; short events; short revents; } and struct timespec, in the machine's own byte order.
  const polled = new ArrayBuffer(8);
  new Int32Array(polled, 0, 1)[0] = descriptor;
  const events = new Int16Array(polled, 4, 2);
  events[0] = POLLPRI;
  const timeout = new Uint8Array(BigInt64Array.of(seconds, 0n).buffer);
  const result = systemCall('ppoll', new Uint8Array(polled), 1, timeout);
  if (result < 0 && result !== -EINTR) throw new SystemError('PRESSURE_WAIT', { reason: `ppoll: errno ${-result}` });
  if (result <= 0) return undefined;
  const found = events[1] ?? 0;
  // A trigger whose cgroup is gone reports pressure as well.
  if ((found & POLLERR) !== 0) return 'gone';
  if ((found & POLLPRI) !== 0) return 'pressure';
  throw new SystemError('PRESSURE_WAIT', { reason: `descriptor ${descriptor} is no pressure trigger` });
}
