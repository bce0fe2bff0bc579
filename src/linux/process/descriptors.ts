import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { systemCall } from '../libc/system-call.ts';

// Source: fcntl.h.
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;
const O_ACCMODE = 3;

/** An open descriptor, as /proc/self/fd and /proc/self/fdinfo show it. */
export interface Descriptor {
  readonly number: number;
  /** Where the link leads: a path, `pipe:[INODE]`, `anon_inode:[eventpoll]`. */
  readonly target: string;
  /** What /proc/self/fdinfo says of it. */
  readonly info: string;
}

/** What our own runtime does to descriptors as it starts. */
export type OwnRuntime = 'bun' | 'node';

/**
 * Gives the descriptors that our caller handed down and that our own runtime has marked to close when we become another
 * program. Bun marks all from 4 on, Node all from 0; both keep an epoll instance and an eventfd of their own open, Node
 * pipes to itself and more eventfds besides.
 *
 * A caller's epoll instance is not told from ours (it would be of no use: what it watches are the caller's descriptors),
 * and under Node nor are an eventfd, and a pipe of which both ends were handed down.
 */
export function inheritedDescriptors(descriptors: readonly Descriptor[], runtime: OwnRuntime): number[] {
  const watched = new Set(descriptors.flatMap(({ info }) => watchedBy(info)));
  const loops = runtime === 'node' ? pipesToOurselves(descriptors) : new Set<string>();
  return descriptors
    .filter(({ number, target, info }) => {
      if ((flagsOf(info) & O_CLOEXEC) === 0) return false;
      // A standard descriptor that was closed is /dev/null now and must be closed again; Node marks the others too.
      if (number < 4 && runtime === 'bun') return false;
      if (target === 'anon_inode:[eventpoll]') return false;
      if (target === 'anon_inode:[eventfd]') return runtime === 'bun' && !watched.has(number);
      return !loops.has(target);
    })
    .map(({ number }) => number);
}

/** Takes the mark off the descriptors that our caller handed down, so that the program we become has them too. */
export function passOnDescriptors(): void {
  const runtime = process.versions['bun'] === undefined ? 'node' : 'bun';
  for (const number of inheritedDescriptors(openDescriptors(), runtime)) systemCall('fcntl', number, F_SETFD, 0);
}

/**
 * Keeps all descriptors but the standard ones from the programs that are started from now on: those too that our caller
 * handed down and our own runtime left unmarked, as Node does above a gap.
 */
export function keepDescriptors(): void {
  for (const { number } of openDescriptors()) {
    if (number > 2) systemCall('fcntl', number, F_SETFD, FD_CLOEXEC);
  }
}

function openDescriptors(): Descriptor[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return [{ number: Number(name), target, info: readFileSync(`/proc/self/fdinfo/${name}`, 'latin1') }];
    } catch {
      // The descriptor that the directory was read with.
      return [];
    }
  });
}

function flagsOf(info: string): number {
  return Number.parseInt(/^flags:\s*([0-7]+)/m.exec(info)?.[1] ?? '0', 8);
}

function watchedBy(info: string): number[] {
  return Array.from(info.matchAll(/^tfd:\s*(\d+)/gm), ([, number]) => Number(number));
}

/** Gives the pipes of which both ends are open here. */
function pipesToOurselves(descriptors: readonly Descriptor[]): ReadonlySet<string> {
  const ends = (target: string): Set<number> =>
    new Set(descriptors.filter((one) => one.target === target).map(({ info }) => flagsOf(info) & O_ACCMODE));
  const pipes = new Set(descriptors.map(({ target }) => target).filter((target) => target.startsWith('pipe:')));
  return new Set([...pipes].filter((target) => ends(target).size > 1));
}
