import { beforeEach, describe, expect, it } from 'vitest';
import { definition, directoryWith, hooks, json } from './run.ts';

const policy = 'version: 1\ndevices: {allow: [/dev/fuse]}\n';
let cwd: string;
beforeEach(() => {
  cwd = directoryWith({
    'nri.yaml': 'onError: skip\n',
    'policy.yaml': policy,
    'bad/policy.yaml': 'version: 1\ndevice: {}\n',
    'bad/nri.yaml': 'onError: maybe\n',
    'other-nri.yaml': 'podAnnotations: off\nhooksDirs: [/x]\n',
    'other-runtime.yml': 'runtime: [crun]\n',
    'other-policy.yaml': policy,
    'definition/nri.yaml': definition(),
  });
});
const validate = (...args: readonly string[]): ReturnType<typeof hooks> => hooks(['validate', ...args], { cwd });
const codes = (...args: readonly string[]): string[] =>
  json<{ diagnostics: { code: string }[] }>(validate(...args, '--json')).diagnostics.map(({ code }) => code);

describe('validate', () => {
  it('knows settings files by their names, also those with mistakes', () => {
    const good = validate('nri.yaml', 'policy.yaml');
    expect([good.status, good.stdout]).toEqual([0, '0 valid definitions, 2 valid settings files\n']);
    const bad = validate('bad/policy.yaml', 'bad/nri.yaml', 'nri.yaml');
    expect([bad.status, bad.stdout]).toEqual([
      1,
      '0 valid definitions, 1 valid settings file, 2 invalid settings files\n',
    ]);
    expect(codes('bad/policy.yaml', 'bad/nri.yaml')).toEqual(['POLICY_VALUE', 'SETTING_VALUE']);
  });

  it.each([
    ['nri', 'other-nri.yaml'],
    ['runtime', 'other-runtime.yml'],
    ['policy', 'other-policy.yaml'],
  ])('takes a file of another name for %s settings when told', (kind, file) => {
    expect(validate('--as', kind, file)).toMatchObject({
      status: 0,
      stdout: '0 valid definitions, 1 valid settings file\n',
    });
    expect(validate(file).status).toBe(1);
  });

  it('takes a definition for one when told, whatever its name', () => {
    expect(validate('--as', 'definition', 'definition/nri.yaml')).toMatchObject({
      status: 0,
      stdout: '1 valid definition\n',
    });
  });

  it('says that a policy is not there', () => {
    expect(codes('nowhere/policy.yaml')).toEqual(['FILE_UNREADABLE']);
  });
});
