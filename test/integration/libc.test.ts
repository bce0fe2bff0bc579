import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bunProgram, ROOT } from './bun.ts';

// getpid, close(-1), and getrandom into the middle of a buffer, through whichever #libc the runtime gets.
const PROGRAM = `
const { syscall, addressOf } = await import('#libc');
const numbers = process.arch === 'x64' ? { getpid: 39, close: 3, getrandom: 318 } : { getpid: 172, close: 57, getrandom: 278 };
const buffer = new Uint8Array(96);
const view = buffer.subarray(32, 64);
process.stdout.write(JSON.stringify({
  pid: syscall(numbers.getpid) === process.pid,
  close: syscall(numbers.close, -1),
  random: syscall(numbers.getrandom, view, view.byteLength, 0),
  outside: [...buffer.subarray(0, 32), ...buffer.subarray(64)].some((byte) => byte !== 0),
  inside: view.some((byte) => byte !== 0),
  offset: Number(addressOf(view) - addressOf(buffer)),
  badAddress: syscall(numbers.getrandom, 1n, 8, 0),
  runtime: process.versions.bun === undefined ? 'node' : 'bun',
}));
`;

const EXPECTED = { pid: true, close: -9, random: 32, outside: false, inside: true, offset: 32, badAddress: -14 };

describe('#libc', () => {
  it.each([
    ['node', process.execPath, ['--input-type=module', '--eval']],
    ['bun', bunProgram(), ['--eval']],
  ])('makes system calls under %s', (runtime, program, args) => {
    const { stdout, stderr } = spawnSync(program, [...args, PROGRAM], { cwd: ROOT, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ ...EXPECTED, runtime });
  });
});
