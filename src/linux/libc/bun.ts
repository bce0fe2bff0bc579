import { dlopen, ptr, read } from 'bun:ffi';
import { type Libc, syscallWords } from './libc.ts';

/** glibc, then musl; an absolute path is not needed, for the executable links to it already. */
const LIBRARIES: readonly string[] = ['libc.so.6', 'libc.so'];

/** The system's own function for its calls, and how to find out why one failed. */
export interface BareCalls {
  /** Takes the number and six words; gives -1 for a failure. */
  readonly syscall: (...words: readonly (number | bigint)[]) => number | bigint;
  /** Gives the errno of the call before; bun:ffi keeps none, so nothing may run in between. */
  readonly lastErrno: () => number;
}

let loaded: BareCalls | undefined;

/** Gives the system's own calls, looked up at the first use. */
export function bareCalls(): BareCalls {
  loaded ??= load();
  return loaded;
}

function load(): BareCalls {
  let failure: unknown;
  for (const library of LIBRARIES) {
    try {
      return open(library);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function open(library: string): BareCalls {
  const { symbols } = dlopen(library, {
    syscall: { args: Array(7).fill('i64_fast'), returns: 'i64_fast' },
    __errno_location: { args: [], returns: 'ptr' },
  });
  // A thread has one errno, and this module belongs to one thread.
  const errno = Number(symbols.__errno_location());
  return { syscall: symbols.syscall, lastErrno: () => read.i32(errno, 0) };
}

/** See {@link Libc}. */
export const addressOf: Libc['addressOf'] = (view) => BigInt(ptr(view));

/** See {@link Libc}. */
export const syscall: Libc['syscall'] = (number, ...args) => {
  const words = syscallWords(args, addressOf);
  const { syscall: call, lastErrno } = bareCalls();
  const result = Number(call(number, ...words));
  return result === -1 ? -lastErrno() : result;
};
