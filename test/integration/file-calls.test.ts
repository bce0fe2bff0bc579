import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../unit/host/temporary-directory.ts';
import { bunProgram, ROOT } from './bun.ts';

// Every call on files of every kind, through the #file-calls of one runtime; more than 64 kB of name make getdents(2) end
// more than once.
const PROGRAM = `
const calls = await import('#file-calls');
const { closeSync, openSync, readFileSync } = await import('node:fs');
const base = process.cwd();
const at = (name) => base + '/' + name;
const plain = (status) => typeof status === 'number' ? status : { mode: status.mode, uid: status.uid, size: status.size };
// The twins spell a device in two ways: what counts is whether two paths have one file.
const one = (left, right, links) => {
  const [a, b] = [calls.statusAt(left, links), calls.statusAt(right, links)];
  return a.device === b.device && a.inode === b.inode && a.inode > 0;
};
const text = (bytes) => Buffer.from(bytes).toString('latin1');
const names = ['file', 'huge', 'link', 'loop', 'dangling', 'fifo', 'directory', 'missing', 'file/below', 'ümläut-€-𝄞',
  '', 'a\\0b', 'x'.repeat(256), 'd/'.repeat(2047) + 'x', 'd/'.repeat(2048) + 'x', '/dev/null', '\\ud800'];
const reading = (path, links) => {
  const descriptor = calls.openFile(path, links);
  if (descriptor < 0) return descriptor;
  const bytes = new Uint8Array(8).fill(0x2e);
  const first = calls.readInto(descriptor, bytes, 2);
  const rest = calls.readInto(descriptor, bytes, 7);
  const status = plain(calls.statusOf(descriptor));
  calls.closeFile(descriptor);
  return { first, rest, bytes: text(bytes), status, afterwards: calls.readInto(descriptor, bytes, 0) };
};
const writing = (path) => {
  const descriptor = openSync(path, 'w');
  const written = calls.writeFrom(descriptor, Buffer.from('..written'), 2);
  closeSync(descriptor);
  return { written, content: readFileSync(path, 'utf8'), closed: calls.writeFrom(descriptor, Buffer.from('x'), 0) };
};
const listed = (list) => typeof list === 'number' ? list : list.map((name) => text(name)).sort();
process.stdout.write(JSON.stringify({
  results: names.map((name) => [name.slice(0, 20), {
    stays: reading(name, 'stay'), followed: reading(at(name), 'follow'),
    bytes: reading(Buffer.from(at(name)), 'follow'),
    status: plain(calls.statusAt(name, 'follow')), own: plain(calls.statusAt(at(name), 'stay')),
    target: calls.linkTarget(name), writable: calls.access(name, 'write'), runnable: calls.access(name, 'run'), names: listed(calls.namesIn(name)), nameBytes: listed(calls.nameBytesIn(at(name))),
  }]),
  one: [one('file', 'link', 'follow'), one('file', 'link', 'stay'), one('file', 'huge', 'follow'), one('/proc/self/exe', process.execPath, 'follow')],
  writing: writing(at('new')), full: calls.writeFrom(openSync('/dev/full', 'w'), Buffer.from('x'), 0),
}));
`;

/** Makes a directory of all kinds of files. */
function zoo(): string {
  const base = temporaryDirectory();
  const at = (name: string): string => join(base, name);
  writeFileSync(at('file'), 'abcdefgh');
  chmodSync(at('file'), 0o4751);
  writeFileSync(at('ümläut-€-𝄞'), 'é');
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 33 + 5);
  symlinkSync('file', at('link'));
  symlinkSync('loop', at('loop'));
  symlinkSync('nowhere/€', at('dangling'));
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('directory'));
  for (let index = 0; index < 700; index++) writeFileSync(join(at('directory'), `${index}${'n'.repeat(180)}`), '');
  for (const name of ['.x', '..x', 'ö']) writeFileSync(join(at('directory'), name), '');
  writeFileSync(Buffer.concat([Buffer.from(at('directory/')), Buffer.of(0xff, 0x2e, 0x80)]), '');
  return base;
}

describe('#file-calls', () => {
  it('gives the same of the same files under Node and in the executable', () => {
    const results = [
      [process.execPath, '--input-type=module', 'node.js'],
      [bunProgram(), '--no-install', 'bun.js'],
    ].map(([program = '', flag = '', twin = '']) => {
      // Named by its path, as the program runs where the files lie and not where the package's `imports` are.
      const script = PROGRAM.replace("'#file-calls'", JSON.stringify(join(ROOT, 'dist/linux/file-calls', twin)));
      const run = spawnSync(program, [flag, '--eval', script], { cwd: zoo(), encoding: 'utf8', maxBuffer: 2 ** 26 });
      expect(run.stderr).toBe('');
      return JSON.parse(run.stdout);
    });
    expect(results[0].results).toHaveLength(17);
    expect(Object.fromEntries(results[0].results)['link']).toMatchObject({ stays: -40, target: 'file' });
    expect(results[0].one).toEqual([true, false, false, true]);
    expect(results[1]).toEqual(results[0]);
  });
});
