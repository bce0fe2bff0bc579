import { dlopen, ptr, read } from 'bun:ffi';
import { type Libc, syscallWords } from './libc.ts';

/** glibc, then musl; an absolute path is not needed, for the executable links to it already. */
const LIBRARIES: readonly string[] = ['libc.so.6', 'libc.so'];

type Symbols = ReturnType<typeof open>;

let symbols: Symbols | undefined;

function open(library: string) {
  return dlopen(library, {
    syscall: { args: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'], returns: 'i64' },
    __errno_location: { args: [], returns: 'ptr' },
  }).symbols;
}

function load(): Symbols {
  if (symbols !== undefined) return symbols;
  let failure: unknown;
  for (const library of LIBRARIES) {
    try {
      symbols = open(library);
      return symbols;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** See {@link Libc}. */
export const addressOf: Libc['addressOf'] = (view) => BigInt(ptr(view));

/** See {@link Libc}. */
export const syscall: Libc['syscall'] = (number, ...args) => {
  const { syscall: call, __errno_location: errnoLocation } = load();
  // Looked up before the call: bun:ffi keeps no errno, so nothing may run between the call and the look.
  const errno = Number(errnoLocation());
  const result = Number(call(number, ...syscallWords(args, addressOf)));
  return result === -1 ? -read.i32(errno, 0) : result;
};
