import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfigFile } from '../../../src/host/bundle.ts';
import { injectBundle } from '../../../src/host/inject-bundle.ts';
import { createCatalog } from '../../../src/index.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const definition =
  '{"version":"1.0.0","hook":{"path":"/bin/sh"},"when":{"commands":["^/bin/sh$"]},"stages":["poststop"]}';
const catalog = createCatalog([{ path: 'a.json', text: definition }]);

const bundle = (config: string | Uint8Array): string => {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, 'config.json'), config);
  return directory;
};

const configOf = (directory: string): string => readFileSync(join(directory, 'config.json'), 'utf8');

describe('injectBundle', () => {
  it('injects the hooks that match and gives the plan', async () => {
    const directory = bundle('{"process":{"args":["/bin/sh"]},"x":18446744073709551615}\n');
    const plan = await injectBundle(directory, { catalog });
    expect(plan.matched).toEqual(['a.json']);
    expect(configOf(directory)).toBe(
      '{"process":{"args":["/bin/sh"]},"x":18446744073709551615,"hooks":{"poststop":[{"path":"/bin/sh"}]}}\n',
    );
  });

  it('loads the directories when it gets no catalog', async () => {
    const directory = bundle('{"process":{"args":["/bin/sh"]}}');
    mkdirSync(join(directory, 'hooks.d'));
    writeFileSync(join(directory, 'hooks.d', 'a.json'), definition);
    const plan = await injectBundle(directory, { directories: [join(directory, 'hooks.d')], trust: 'ignore' });
    expect(plan.entries).toHaveLength(1);
  });

  it('leaves the file alone when nothing is to be added', async () => {
    const directory = bundle('{"process":{"args":["/bin/ls"]}}');
    const before = statSync(join(directory, 'config.json')).ino;
    await injectBundle(directory, { catalog });
    expect(statSync(join(directory, 'config.json')).ino).toBe(before);
  });

  it.each([
    ['{"process":{"args":[]}}', 'PROCESS_ARGS_EMPTY'],
    ['{"process":', 'CONFIG_SYNTAX'],
    ['[]', 'CONFIG_TYPE'],
    ['{"hooks":[]}', 'CONFIG_TYPE'],
    ['{"hooks":{"poststop":{}}}', 'CONFIG_TYPE'],
    ['{"hooks":{},"hooks":{}}', 'CONFIG_DUPLICATE_KEY'],
    ['{"hooks":{"poststop":[],"poststop":[]}}', 'CONFIG_DUPLICATE_KEY'],
    ['{"Hooks":{}}', 'CONFIG_KEY_CASE'],
    ['{"\\u0068ooks":{},"hooks":{}}', 'CONFIG_DUPLICATE_KEY'],
    ['\ufeff{}', 'CONFIG_SYNTAX'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'CONFIG_INVALID_UTF8'],
  ])('refuses %s and changes nothing', async (config, code) => {
    const directory = bundle(config);
    await expect(injectBundle(directory, { catalog })).rejects.toMatchObject({ name: 'ConfigError', code });
    expect(readFileSync(join(directory, 'config.json'))).toEqual(Buffer.from(config));
  });

  it('refuses definitions with errors', async () => {
    const broken = createCatalog([{ path: 'a.json', text: '{' }]);
    await expect(injectBundle(bundle('{}'), { catalog: broken })).rejects.toMatchObject({ code: 'JSON_SYNTAX' });
  });
});

describe('readConfigFile', () => {
  it('throws what the system refuses', () => {
    const directory = temporaryDirectory();
    expect(() => readConfigFile(directory)).toThrow(expect.objectContaining({ code: 'FILE_READ' }));
    expect(() => readConfigFile(join(directory, 'missing'))).toThrow(
      /^cannot read .*: ENOENT: no such file or directory$/,
    );
  });

  it('bounds a config by 64 MiB', () => {
    const path = join(temporaryDirectory(), 'config.json');
    writeFileSync(path, '');
    truncateSync(path, 64 * 1024 * 1024 + 1);
    expect(readConfigFile(path).diagnostics).toMatchObject([{ code: 'CONFIG_TOO_LARGE' }]);
  });
});
