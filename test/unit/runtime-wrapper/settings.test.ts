import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/core/diagnostic/input-error.ts';
import {
  DEFAULT_SETTINGS,
  loadSettings,
  namedRuntimes,
  parseSettings,
  type RuntimeSettings,
  type SettingsSource,
  settingsSource,
} from '../../../src/runtime-wrapper/settings.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

function file(text: string, mode = 0o644): SettingsSource {
  const path = join(temporaryDirectory(), 'runtime.yaml');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return { path, isRequired: true };
}

function codeOf(load: () => RuntimeSettings): string | undefined {
  try {
    load();
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
  it('has defaults for everything, without a file', () => {
    const nowhere = { path: join(temporaryDirectory(), 'none.yaml'), isRequired: false };
    expect(loadSettings(nowhere, 'gpu')).toEqual(DEFAULT_SETTINGS);
  });

  it('has defaults for everything that an empty file does not say', () => {
    expect(loadSettings(file('# nothing yet\n'), undefined)).toEqual(DEFAULT_SETTINGS);
  });

  it('takes every setting, and one runtime as a list of one', () => {
    const text = [
      ...['runtime: crun', 'hooksDirs: [/a]', 'builtin: true', 'onError: skip', 'prestart: createRuntime'],
      ...['duplicates: keep', 'hasBindMounts: true', 'recordHooks: true', 'log: file', 'logFile: /l'],
    ];
    expect(loadSettings(file(text.join('\n')), undefined)).toEqual({
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

  it('puts the settings of the profile before the others', () => {
    const settings = file('onError: skip\nlog: journald\nprofiles:\n  gpu:\n    log: none\n    hooksDirs: [/gpu]\n');
    expect(loadSettings(settings, 'gpu')).toMatchObject({ onError: 'skip', log: 'none', hooksDirs: ['/gpu'] });
    expect(loadSettings(settings, undefined)).toMatchObject({ log: 'journald' });
  });

  it.each([
    ['a profile that is not there', 'profiles: {gpu: {}}', 'gpus', 'PROFILE_UNKNOWN'],
    ['a profile by the name of an inherited member', 'profiles: {gpu: {}}', 'constructor', 'PROFILE_UNKNOWN'],
    ['a setting that is not known', 'onErrors: fail', undefined, 'SETTING_VALUE'],
    ['a value that is not known', 'onError: ignore', undefined, 'SETTING_VALUE'],
    ['a relative runtime path', 'runtime: ./runc', undefined, 'SETTING_VALUE'],
    ['a relative hooks directory', 'hooksDirs: [hooks.d]', undefined, 'SETTING_VALUE'],
    ['a list', '- runtime', undefined, 'SETTING_VALUE'],
    ['no YAML', 'runtime: [', undefined, 'YAML_SYNTAX'],
    ['a key that stands twice', 'log: none\nlog: file', undefined, 'YAML_SYNTAX'],
  ])('refuses %s', (_what, text, profile, code) => {
    expect(codeOf(() => loadSettings(file(text), profile))).toBe(code);
  });

  it('refuses a file that others could change', () => {
    expect(codeOf(() => loadSettings(file('', 0o666), undefined))).toBe('PERMISSION_UNSAFE');
  });

  it('refuses a relative path: the working directory is a bundle', () => {
    expect(codeOf(() => loadSettings({ path: 'runtime.yaml', isRequired: true }, undefined))).toBe('SETTING_VALUE');
  });

  it('refuses a file that is required and not there', () => {
    const nowhere = { path: join(temporaryDirectory(), 'none.yaml'), isRequired: true };
    expect(codeOf(() => loadSettings(nowhere, undefined))).toBe('FILE_UNREADABLE');
  });
});

describe('parseSettings', () => {
  it('places each mistake and names what was likely meant', () => {
    const { diagnostics } = parseSettings(
      'runtime.yaml',
      'log: none\nprofiles:\n  gpu:\n    onEror: fail\nprestart: prestrat\n',
    );
    expect(diagnostics.map(({ code, at, hint }) => [code, at?.line, hint])).toEqual([
      ['SETTING_VALUE', 5, 'prestart'],
      ['SETTING_VALUE', 4, 'onError'],
    ]);
  });
});

describe('namedRuntimes', () => {
  it('reads the runtime from a file with other mistakes', () => {
    expect(namedRuntimes(file('runtime: crun\nonError: maybe\nnothing: 1\n'), undefined)).toEqual(['crun']);
  });

  it("prefers the profile's", () => {
    const settings = file('runtime: crun\nprofiles: {gpu: {runtime: /opt/runc}, plain: {}}\n');
    expect(namedRuntimes(settings, 'gpu')).toEqual(['/opt/runc']);
    expect(namedRuntimes(settings, 'plain')).toEqual(['crun']);
  });

  it.each([
    ['a file that others could change', 'runtime: crun', 0o666],
    ['no YAML', 'runtime: [', 0o644],
    ['a runtime of the wrong type', 'runtime: 7', 0o644],
  ])('has the defaults for %s', (_what, text, mode) => {
    expect(namedRuntimes(file(text, mode), undefined)).toEqual(DEFAULT_SETTINGS.runtime);
  });
});
