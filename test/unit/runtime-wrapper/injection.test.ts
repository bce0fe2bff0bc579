import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseCommandLine } from '../../../src/runtime-wrapper/command-line.ts';
import { injectHooks } from '../../../src/runtime-wrapper/injection.ts';
import { DEFAULT_SETTINGS } from '../../../src/runtime-wrapper/settings.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

const DEFINITION = {
  version: '1.0.0',
  hook: { path: '/usr/bin/true' },
  when: { always: true },
  stages: ['poststop'],
};

it('refuses a bundle whose path is no UTF-8, and leaves alone the one whose name it is read as', async () => {
  const work = temporaryDirectory();
  const [hooksDir, twin] = [join(work, 'hooks.d'), join(work, 'b\uFFFD')];
  for (const directory of [hooksDir, twin]) mkdirSync(directory);
  writeFileSync(join(hooksDir, '10.json'), JSON.stringify(DEFINITION));
  writeFileSync(join(twin, 'config.json'), '{"ociVersion":"1.0.2"}');
  const call = parseCommandLine(['create', '--bundle', twin, 'id']);
  const settings = { ...DEFAULT_SETTINGS, hooksDirs: [hooksDir] };
  await expect(injectHooks(call, settings)).rejects.toMatchObject({ code: 'FILE_READ' });
  expect(readFileSync(join(twin, 'config.json'), 'utf8')).toBe('{"ociVersion":"1.0.2"}');
});
