import { createRequire } from 'node:module';
import { type Libc, syscallWords } from './libc.ts';

type Koffi = typeof import('koffi');

interface Loaded {
  readonly koffi: Koffi;
  readonly call: (number: number, ...words: readonly bigint[]) => number | bigint;
}

let loaded: Loaded | undefined;

/** koffi costs 10 ms, so it is loaded with the first call and not with the module. */
function load(): Loaded {
  if (loaded !== undefined) return loaded;
  const koffi: Koffi = createRequire(import.meta.url)('koffi');
  const call = koffi.load(null).func('long syscall(long, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)');
  loaded = { koffi, call };
  return loaded;
}

/** See {@link Libc}. */
export const addressOf: Libc['addressOf'] = (view) => load().koffi.address(view);

/** See {@link Libc}. */
export const syscall: Libc['syscall'] = (number, ...args) => {
  const { koffi, call } = load();
  const result = Number(call(number, ...syscallWords(args, addressOf)));
  return result === -1 ? -koffi.errno() : result;
};
