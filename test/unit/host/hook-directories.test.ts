import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCatalog } from '../../../src/host/hook-directories.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const definition = (stage = 'prestart', path = '/bin/sh'): string =>
  JSON.stringify({ version: '1.0.0', hook: { path }, when: { always: true }, stages: [stage] });

/** Makes a directory with these files. */
const directoryOf = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const directory = temporaryDirectory();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
  return directory;
};

const load = async (...directories: string[]) => {
  const catalog = await loadCatalog(directories, { trust: 'ignore' });
  return {
    names: catalog.definitions.map(({ name }) => name),
    stages: catalog.definitions.map(({ stages }) => stages[0]),
    found: catalog.diagnostics.map(({ code, severity }) => `${severity} ${code}`),
    catalog,
  };
};

describe('loadCatalog', () => {
  it('reads files by the endings .json, .yaml and .yml in lower case, and no directory below', async () => {
    const directory = directoryOf({
      'b.json': definition(),
      'a.yaml': definition(),
      'c.yml': definition(),
      '.d.json': definition(),
      '.json': definition(),
      'e.JSON': '!',
      'f.json~': '!',
      'g.jsonc': '!',
      README: '!',
    });
    mkdirSync(join(directory, 'below'));
    writeFileSync(join(directory, 'below', 'h.json'), '!');
    expect(await load(directory)).toMatchObject({
      names: ['.d.json', '.json', 'a.yaml', 'b.json', 'c.yml'],
      found: [],
    });
  });

  it('lets a later directory win, and passes over directories that do not exist', async () => {
    const base = directoryOf({ 'a.json': definition('prestart'), 'b.json': definition('prestart') });
    const override = directoryOf({ 'a.json': definition('poststop') });
    const loaded = await load(base, '/missing/hooks.d', '', override);
    expect(loaded).toMatchObject({ names: ['a.json', 'b.json'], stages: ['poststop', 'prestart'], found: [] });
    expect(loaded.catalog.masked).toEqual([
      { name: 'a.json', path: join(base, 'a.json'), maskedBy: join(override, 'a.json') },
    ]);
  });

  it('follows links, and a link to nothing neither counts nor masks', async () => {
    const base = directoryOf({ 'a.json': definition() });
    const override = directoryOf({ 'target.txt': definition('poststop') });
    symlinkSync('gone', join(override, 'a.json'));
    symlinkSync('target.txt', join(override, 'b.json'));
    expect(await load(base, override)).toMatchObject({
      names: ['a.json', 'b.json'],
      stages: ['prestart', 'poststop'],
      found: [],
    });
  });

  it.each([
    ['a directory', (path: string) => mkdirSync(path), 'error FILE_NOT_REGULAR'],
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path]), 'error FILE_NOT_REGULAR'],
    ['a link to /dev/null', (path: string) => symlinkSync('/dev/null', path), 'error FILE_NOT_REGULAR'],
    ['a loop of links', (path: string) => symlinkSync('a.json', path), 'error FILE_UNREADABLE'],
    ['an empty file', (path: string) => writeFileSync(path, ''), 'error JSON_SYNTAX'],
    ['a byte order mark', (path: string) => writeFileSync(path, `\ufeff${definition()}`), 'error BYTE_ORDER_MARK'],
  ])('refuses %s by the name of a definition', async (_, make, code) => {
    const directory = directoryOf({ 'b.json': definition() });
    make(join(directory, 'a.json'));
    expect(await load(directory)).toMatchObject({ names: ['b.json'], found: [code] });
  });

  it('bounds JSON by 1 MiB and YAML by 256 KiB', async () => {
    const directory = directoryOf({
      'a.json': definition(),
      'a.yaml': definition(),
      'b.json': definition().padEnd(1_048_576),
    });
    truncateSync(join(directory, 'a.json'), 1_048_577);
    truncateSync(join(directory, 'a.yaml'), 262_145);
    const { names, catalog } = await load(directory);
    expect(names).toEqual(['b.json']);
    expect(catalog.diagnostics).toMatchObject([
      { code: 'FILE_TOO_LARGE', args: { bytes: 1_048_577, limit: 1_048_576 } },
      { code: 'FILE_TOO_LARGE', args: { bytes: 262_145, limit: 262_144 } },
    ]);
  });

  it('reads bytes that are no UTF-8 as U+FFFD, and says where', async () => {
    const [before, after] = definition().split('/bin/sh');
    const directory = directoryOf({
      'a.json': Buffer.concat([
        Buffer.from(`${before}/bin/sh","args":["`),
        Buffer.from([0xff]),
        Buffer.from(`"],"x":"${after}`),
      ]),
    });
    const { catalog } = await load(directory);
    expect(catalog.definitions[0]?.hook.args).toEqual(['\ufffd']);
    expect(catalog.diagnostics.find(({ code }) => code === 'FILE_INVALID_UTF8')).toMatchObject({
      severity: 'warning',
      at: { line: 1, column: `${before}/bin/sh","args":["`.length + 1 },
    });
  });

  it('tells of every file, whichever comes first', async () => {
    const directory = directoryOf({
      'a.json': definition('prestart', '/missing'),
      'b.json': '{',
      'c.json': definition('x'),
      'd.json': definition('prestart', '/bin/sh/x'),
    });
    expect((await load(directory)).found).toEqual([
      'warning HOOK_PATH_MISSING',
      'error JSON_SYNTAX',
      'error STAGE_UNKNOWN',
      'error HOOK_PATH_UNREACHABLE',
    ]);
  });

  it('refuses a file in the place of a directory', async () => {
    const directory = directoryOf({ d: '' });
    expect((await load(join(directory, 'd'))).found).toEqual(['error DIRECTORY_UNREADABLE']);
  });

  it.each([
    ['/dev/null', 'warning HOOK_PATH_NOT_A_FILE'],
    ['/', 'warning HOOK_PATH_NOT_A_FILE'],
    ['/etc/passwd', 'warning HOOK_NOT_EXECUTABLE'],
    ['/a\u0000b', 'error HOOK_PATH_UNREACHABLE'],
    [`/${'a'.repeat(300)}`, 'error HOOK_PATH_UNREACHABLE'],
  ])('says of the hook %j: %s', async (path, code) => {
    expect((await load(directoryOf({ 'a.json': definition('prestart', path) }))).found).toEqual([code]);
  });

  it('reports unsafe permissions as it is told to', async () => {
    const directory = directoryOf({ 'a.json': definition() });
    execFileSync('chmod', ['0666', join(directory, 'a.json')]);
    const severities = async (trust?: 'refuse' | 'warn' | 'ignore') =>
      (await loadCatalog([directory], trust ? { trust } : {})).diagnostics.map(({ severity }) => severity);
    expect([await severities(), await severities('refuse'), await severities('ignore')]).toEqual([
      ['warning'],
      ['error'],
      [],
    ]);
  });
});
