import { dlopen, ptr, read } from 'bun:ffi';
import { type Libc, syscallWords } from './libc.ts';

/** glibc, then musl; an absolute path is not needed, for the executable links to it already. */
const LIBRARIES: readonly string[] = ['libc.so.6', 'libc.so'];

interface Loaded {
  readonly syscall: (...words: readonly (number | bigint)[]) => number | bigint;
  /** Where this thread's errno is. */
  readonly errno: number;
}

let loaded: Loaded | undefined;

function open(library: string): Loaded {
  const { symbols } = dlopen(library, {
    syscall: { args: Array(7).fill('i64_fast'), returns: 'i64_fast' },
    __errno_location: { args: [], returns: 'ptr' },
  });
  return { syscall: symbols.syscall, errno: Number(symbols.__errno_location()) };
}

function load(): Loaded {
  let failure: unknown;
  for (const library of LIBRARIES) {
    try {
      loaded = open(library);
      return loaded;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Makes a system call of words that are numbers or bigints, and gives its result, or minus the errno. */
export function call(
  number: number,
  first: number | bigint,
  second: number | bigint = 0,
  third: number | bigint = 0,
  fourth: number | bigint = 0,
  fifth: number | bigint = 0,
  sixth: number | bigint = 0,
): number {
  const { syscall: make, errno } = loaded ?? load();
  const result = Number(make(number, first, second, third, fourth, fifth, sixth));
  // bun:ffi keeps no errno: nothing may run between the call and this look.
  return result === -1 ? -read.i32(errno, 0) : result;
}

/** See {@link Libc}. */
export const addressOf: Libc['addressOf'] = (view) => BigInt(ptr(view));

/** See {@link Libc}. */
export const syscall: Libc['syscall'] = (number, ...args) => call(number, ...syscallWords(args, addressOf));
