import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Catalog } from '../../../src/core/catalog/catalog.ts';
import { watchCatalog } from '../../../src/host/watch.ts';

let directory: string;
let controller: AbortController;
let catalogs: AsyncGenerator<Catalog, void, undefined>;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hooks-watch-'));
  controller = new AbortController();
});

afterEach(async () => {
  controller.abort();
  await catalogs.return();
  rmSync(directory, { recursive: true });
});

function watching(...names: readonly string[]): void {
  const paths = names.map((name) => join(directory, name));
  catalogs = watchCatalog(paths, { signal: controller.signal, quietMilliseconds: 20, trust: 'ignore' });
}

async function nextNames(): Promise<readonly string[]> {
  return (await next()).definitions.map(({ name }) => name);
}

async function next(): Promise<Catalog> {
  const { value } = await catalogs.next();
  if (!value) throw new Error('the watching has ended');
  return value;
}

function define(path: string, stage = 'prestart'): void {
  const definition = { version: '1.0.0', hook: { path: '/bin/sh' }, when: { always: true }, stages: [stage] };
  writeFileSync(join(directory, path), JSON.stringify(definition));
}

describe('watchCatalog', () => {
  it('gives the catalog at once and again when a file is added', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    watching('hooks.d');
    expect(await nextNames()).toEqual([]);
    define('hooks.d/a.json');
    expect(await nextNames()).toEqual(['a.json']);
  });

  it('sees a directory, and those above it, come into being', async () => {
    watching('etc/oci/hooks.d');
    expect(await nextNames()).toEqual([]);
    mkdirSync(join(directory, 'etc/oci/hooks.d'), { recursive: true });
    define('etc/oci/hooks.d/a.json');
    expect(await nextNames()).toEqual(['a.json']);
  });

  it('follows a directory that is moved away and replaced', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    define('hooks.d/a.json');
    watching('hooks.d');
    expect(await nextNames()).toEqual(['a.json']);
    renameSync(join(directory, 'hooks.d'), join(directory, 'old'));
    expect(await nextNames()).toEqual([]);
    mkdirSync(join(directory, 'hooks.d'));
    define('hooks.d/b.json');
    expect(await nextNames()).toEqual(['b.json']);
    define('hooks.d/c.json');
    expect(await nextNames()).toEqual(['b.json', 'c.json']);
  });

  it('sees a replaced directory above', async () => {
    mkdirSync(join(directory, 'oci/hooks.d'), { recursive: true });
    define('oci/hooks.d/a.json');
    watching('oci/hooks.d');
    expect(await nextNames()).toEqual(['a.json']);
    mkdirSync(join(directory, 'new/hooks.d'), { recursive: true });
    define('new/hooks.d/b.json');
    renameSync(join(directory, 'oci'), join(directory, 'old'));
    renameSync(join(directory, 'new'), join(directory, 'oci'));
    expect(await nextNames()).toEqual(['b.json']);
  });

  it('sees the swap of a link that a ConfigMap makes', async () => {
    for (const version of ['v1', 'v2']) mkdirSync(join(directory, 'hooks.d', version), { recursive: true });
    define('hooks.d/v1/a.json', 'prestart');
    define('hooks.d/v2/a.json', 'poststop');
    symlinkSync('v1', join(directory, 'hooks.d/..data'));
    symlinkSync('..data/a.json', join(directory, 'hooks.d/a.json'));
    watching('hooks.d');
    expect((await next()).definitions[0]?.stages).toEqual(['prestart']);
    symlinkSync('v2', join(directory, 'hooks.d/..data_tmp'));
    renameSync(join(directory, 'hooks.d/..data_tmp'), join(directory, 'hooks.d/..data'));
    expect((await next()).definitions[0]?.stages).toEqual(['poststop']);
  });

  it('takes an editor that writes beside and renames as one change', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    define('hooks.d/a.json', 'prestart');
    watching('hooks.d');
    await next();
    renameSync(join(directory, 'hooks.d/a.json'), join(directory, 'hooks.d/a.json~'));
    define('hooks.d/.a.json.swp', 'poststop');
    renameSync(join(directory, 'hooks.d/.a.json.swp'), join(directory, 'hooks.d/a.json'));
    expect((await next()).definitions.map(({ stages }) => stages)).toEqual([['poststop']]);
  });

  it('keeps the last good catalog when a bad file comes, and says what is wrong', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    define('hooks.d/a.json');
    watching('hooks.d');
    await next();
    writeFileSync(join(directory, 'hooks.d/b.json'), '{');
    const stale = await next();
    expect(stale).toMatchObject({ isStale: true, hasErrors: false });
    expect(stale.definitions.map(({ name }) => name)).toEqual(['a.json']);
    expect(stale.diagnostics.map(({ code }) => code)).toEqual(['JSON_SYNTAX']);
    define('hooks.d/b.json');
    expect(await nextNames()).toEqual(['a.json', 'b.json']);
  });

  it('gives nothing for a change that makes no difference', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    define('hooks.d/a.json');
    watching('hooks.d');
    await next();
    writeFileSync(join(directory, 'hooks.d/README'), 'x');
    define('hooks.d/a.json');
    define('hooks.d/b.json');
    expect(await nextNames()).toEqual(['a.json', 'b.json']);
  });

  it('takes a burst of a thousand changes as few', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    watching('hooks.d');
    await next();
    for (let index = 0; index < 1000; index++) define(`hooks.d/${index}.json`);
    let loads = 0;
    for (let count = 0; count < 1000; loads++) count = (await next()).definitions.length;
    expect(loads).toBeLessThan(20);
  });

  it('looks again for a program that is missing, though its directory is not watched', async () => {
    mkdirSync(join(directory, 'hooks.d'));
    define('hooks.d/a.json');
    let kind: 'missing' | 'program' = 'missing';
    catalogs = watchCatalog([join(directory, 'hooks.d')], {
      signal: controller.signal,
      quietMilliseconds: 5,
      recheckMilliseconds: 10,
      trust: 'ignore',
      findHookProgram: () => ({ kind }),
    });
    expect((await next()).inactive).toHaveLength(1);
    kind = 'program';
    expect(await nextNames()).toEqual(['a.json']);
  });

  it('ends when it is told to, also while it waits', async () => {
    watching('hooks.d');
    await next();
    const waiting = catalogs.next();
    controller.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });
});
