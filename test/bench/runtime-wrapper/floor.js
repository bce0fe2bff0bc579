/// <reference path="../../../src/linux/libc/bun-ffi.d.ts" />
// The least that a single executable of Bun can do: become the runtime, with nothing looked at. Built as ours is.
// @ts-check
import { dlopen, ptr } from 'bun:ffi';

const { symbols } = dlopen('libc.so.6', { execve: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' } });
const path = new TextEncoder().encode('/bin/true\0');
const argv = new Uint8Array(BigUint64Array.of(BigInt(ptr(path)), 0n).buffer);
symbols.execve(ptr(path), ptr(argv), ptr(new Uint8Array(8)));
