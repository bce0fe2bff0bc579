import { type Libc, syscallWords } from './libc.ts';

/** glibc, then musl; an absolute path is not needed, for the executable links to it already. */
const LIBRARIES: readonly string[] = ['libc.so.6', 'libc.so'];

type Ffi = typeof import('bun:ffi');

interface Loaded extends Pick<Ffi, 'ptr' | 'read'> {
  readonly symbols: ReturnType<typeof open>;
}

let loaded: Loaded | undefined;

function open({ dlopen }: Ffi, library: string) {
  return dlopen(library, {
    syscall: { args: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'], returns: 'i64' },
    __errno_location: { args: [], returns: 'ptr' },
  }).symbols;
}

/** Loaded with the first call and not with the module, which is in the executable's entry: most runs make no call. */
function load(): Loaded {
  if (loaded !== undefined) return loaded;
  const ffi: Ffi = require('bun:ffi');
  let failure: unknown;
  for (const library of LIBRARIES) {
    try {
      loaded = { ptr: ffi.ptr, read: ffi.read, symbols: open(ffi, library) };
      return loaded;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** See {@link Libc}. */
export const addressOf: Libc['addressOf'] = (view) => BigInt(load().ptr(view));

/** See {@link Libc}. */
export const syscall: Libc['syscall'] = (number, ...args) => {
  const { read, symbols } = load();
  // Looked up before the call: bun:ffi keeps no errno, so nothing may run between the call and the look.
  const errno = Number(symbols.__errno_location());
  const result = Number(symbols.syscall(number, ...syscallWords(args, addressOf)));
  return result === -1 ? -read.i32(errno, 0) : result;
};
