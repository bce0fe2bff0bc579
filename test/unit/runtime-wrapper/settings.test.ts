import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/diagnostic/input-error.ts';
import type { SettingsSource } from '../../../src/host/settings-file.ts';
import {
  DEFAULT_SETTINGS,
  loadSettings,
  namedRuntimes,
  parseSettings,
  type RuntimeSettings,
  settingsSource,
} from '../../../src/runtime-wrapper/settings.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

function file(text: string, mode = 0o644): SettingsSource {
  const path = join(temporaryDirectory(), 'runtime.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return { path, isRequired: true };
}

async function codeOf(load: () => Promise<RuntimeSettings>): Promise<string | undefined> {
  try {
    await load();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError) return error.code;
    throw error;
  }
}

describe('settingsSource', () => {
  it('is the usual file, which need not be there', () => {
    expect(settingsSource({})).toEqual({ path: '/etc/oci-hooks/runtime.yaml', isRequired: false });
  });

  it('is the file that OCI_HOOKS_CONFIG names, which must be there', () => {
    expect(settingsSource({ OCI_HOOKS_CONFIG: '/a.yaml' })).toEqual({ path: '/a.yaml', isRequired: true });
  });
});

describe('loadSettings', () => {
  it('has defaults for everything, without a file', async () => {
    const nowhere = { path: join(temporaryDirectory(), 'none.yaml'), isRequired: false };
    expect(await loadSettings(nowhere, 'gpu')).toEqual(DEFAULT_SETTINGS);
  });

  it('has defaults for everything that an empty file does not say', async () => {
    expect(await loadSettings(file('# nothing yet\n'), undefined)).toEqual(DEFAULT_SETTINGS);
  });

  it('takes every setting, and one runtime as a list of one', async () => {
    const text = [
      ...[
        'version: 1',
        'runtime: crun',
        'hooksDirs: [/a]',
        'builtin: true',
        'onError: skip',
        'prestart: createRuntime',
      ],
      ...['duplicates: keep', 'hasBindMounts: true', 'recordHooks: true', 'log: file', 'logFile: /l'],
    ];
    expect(await loadSettings(file(text.join('\n')), undefined)).toEqual({
      runtime: ['crun'],
      hooksDirs: ['/a'],
      builtin: true,
      onError: 'skip',
      prestart: 'createRuntime',
      duplicates: 'keep',
      hasBindMounts: true,
      recordHooks: true,
      log: 'file',
      logFile: '/l',
    });
  });

  it('reads JSON too', async () => {
    expect(await loadSettings(file('{"onError": "skip"}'), undefined)).toMatchObject({ onError: 'skip' });
  });

  it('puts the settings of the profile before the others', async () => {
    const settings = file('onError: skip\nlog: journald\nprofiles:\n  gpu:\n    log: none\n    hooksDirs: [/gpu]\n');
    expect(await loadSettings(settings, 'gpu')).toMatchObject({ onError: 'skip', log: 'none', hooksDirs: ['/gpu'] });
    expect(await loadSettings(settings, undefined)).toMatchObject({ log: 'journald' });
  });

  it.each([
    ['a profile that is not there', 'profiles: {gpu: {}}', 'gpus', 'PROFILE_UNKNOWN'],
    ['a profile by the name of an inherited member', 'profiles: {gpu: {}}', 'constructor', 'PROFILE_UNKNOWN'],
    ['a setting that is not known', 'onErrors: fail', undefined, 'SETTING_VALUE'],
    ['a value that is not known', 'onError: ignore', undefined, 'SETTING_VALUE'],
    ['another version', 'version: 2', undefined, 'SETTING_VALUE'],
    ['a version as text', 'version: "1"', undefined, 'SETTING_VALUE'],
    ['a relative runtime path', 'runtime: ./runc', undefined, 'SETTING_VALUE'],
    ['a relative hooks directory', 'hooksDirs: [hooks.d]', undefined, 'SETTING_VALUE'],
    ['a list', '- runtime', undefined, 'SETTING_VALUE'],
    ['no YAML', 'runtime: [', undefined, 'YAML_SYNTAX'],
    ['a key that stands twice', 'log: none\nlog: file', undefined, 'YAML_SYNTAX'],
    ['a key that stands twice in JSON', '{"log": "none", "log": "file"}', undefined, 'YAML_SYNTAX'],
  ])('refuses %s', async (_what, text, profile, code) => {
    expect(await codeOf(() => loadSettings(file(text), profile))).toBe(code);
  });

  it('refuses a file that others could change', async () => {
    expect(await codeOf(() => loadSettings(file('', 0o666), undefined))).toBe('PERMISSION_UNSAFE');
  });

  it('refuses a relative path: the working directory is a bundle', async () => {
    expect(await codeOf(() => loadSettings({ path: 'runtime.yaml', isRequired: true }, undefined))).toBe(
      'SETTING_VALUE',
    );
  });

  it('refuses a file that is required and not there', async () => {
    const nowhere = { path: join(temporaryDirectory(), 'none.yaml'), isRequired: true };
    expect(await codeOf(() => loadSettings(nowhere, undefined))).toBe('FILE_UNREADABLE');
  });
});

describe('parseSettings', () => {
  it('places each mistake and names what was likely meant', async () => {
    const { diagnostics } = await parseSettings(
      'runtime.yaml',
      'log: none\nprofiles:\n  gpu:\n    onEror: fail\nprestart: prestrat\n',
    );
    expect(diagnostics.map(({ code, at, hint }) => [code, at?.line, hint])).toEqual([
      ['SETTING_VALUE', 4, 'onError'],
      ['SETTING_VALUE', 5, 'prestart'],
    ]);
  });
});

describe('namedRuntimes', () => {
  it('reads the runtime from a file with other mistakes', async () => {
    expect(await namedRuntimes(file('runtime: crun\nonError: maybe\nnothing: 1\n'), undefined)).toEqual(['crun']);
  });

  it("prefers the profile's", async () => {
    const settings = file('runtime: crun\nprofiles: {gpu: {runtime: /opt/runc}, plain: {}}\n');
    expect(await namedRuntimes(settings, 'gpu')).toEqual(['/opt/runc']);
    expect(await namedRuntimes(settings, 'plain')).toEqual(['crun']);
  });

  it.each([
    ['a file that others could change', 'runtime: crun', 0o666],
    ['no YAML', 'runtime: [', 0o644],
    ['a runtime of the wrong type', 'runtime: 7', 0o644],
  ])('has the defaults for %s', async (_what, text, mode) => {
    expect(await namedRuntimes(file(text, mode), undefined)).toEqual(DEFAULT_SETTINGS.runtime);
  });
});
