import { linkTarget, namesIn } from '#file-calls';
import { systemCall } from '../libc/system-call.ts';
import { readProcText } from './proc-file.ts';

// Source: fcntl.h.
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const FD_CLOEXEC = 1;
const O_ACCMODE = 3;

/** An open descriptor, as /proc/self/fd and fcntl(2) show it. */
export interface Descriptor {
  readonly number: number;
  /** Where the link leads: a path, `pipe:[INODE]`, `anon_inode:[eventpoll]`. */
  readonly target: string;
  /** Whether it is marked to close when we become another program. */
  readonly closes: boolean;
  /** O_RDONLY, O_WRONLY or O_RDWR. */
  readonly access: number;
  /** What an epoll instance watches. */
  readonly watched: readonly number[];
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
  const inherited: number[] = [];
  for (const { number, target, closes } of descriptors) {
    if (!closes) continue;
    // A standard descriptor that was closed is /dev/null now and must be closed again; Node marks the others too.
    if (number < 4 && runtime === 'bun') continue;
    if (target === 'anon_inode:[eventpoll]') continue;
    if (target === 'anon_inode:[eventfd]' && (runtime === 'node' || isWatched(number, descriptors))) continue;
    if (runtime === 'node' && isPipeToOurselves(target, descriptors)) continue;
    inherited.push(number);
  }
  return inherited;
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
  for (const number of openDescriptorNumbers()) {
    if (number > 2) systemCall('fcntl', number, F_SETFD, FD_CLOEXEC);
  }
}

/** Gives the numbers in /proc/self/fd; none when it is not to be had. */
function openDescriptorNumbers(): readonly number[] {
  const names = namesIn('/proc/self/fd');
  const numbers: number[] = [];
  if (typeof names !== 'number') for (const name of names) numbers.push(Number(name));
  return numbers;
}

function openDescriptors(): Descriptor[] {
  const descriptors: Descriptor[] = [];
  for (const number of openDescriptorNumbers()) {
    const target = linkTarget(`/proc/self/fd/${number}`);
    // The one that the list was read with: it is closed again.
    if (typeof target !== 'string') continue;
    descriptors.push({
      number,
      target,
      closes: (systemCall('fcntl', number, F_GETFD) & FD_CLOEXEC) !== 0,
      access: systemCall('fcntl', number, F_GETFL) & O_ACCMODE,
      watched: target === 'anon_inode:[eventpoll]' ? watchedBy(readProcText(`/proc/self/fdinfo/${number}`)) : [],
    });
  }
  return descriptors;
}

/** Reads the numbers behind `tfd:` in what /proc/self/fdinfo says of an epoll instance. */
export function watchedBy(info: string): number[] {
  const label = '\ntfd:';
  const watched: number[] = [];
  for (let at = info.indexOf(label); at >= 0; at = info.indexOf(label, at + 1)) {
    watched.push(Number.parseInt(info.slice(at + label.length), 10));
  }
  return watched;
}

function isWatched(number: number, descriptors: readonly Descriptor[]): boolean {
  for (const { watched } of descriptors) if (watched.includes(number)) return true;
  return false;
}

/** Tells whether both ends of a pipe are open here. */
function isPipeToOurselves(target: string, descriptors: readonly Descriptor[]): boolean {
  if (!target.startsWith('pipe:')) return false;
  const ends = descriptors.filter((descriptor) => descriptor.target === target);
  return ends.some(({ access }) => access !== ends[0]?.access);
}
