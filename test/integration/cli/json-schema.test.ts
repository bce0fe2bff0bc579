import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { config, definition, directoryWith, hooks, json } from './run.ts';
import { findings, SCHEMA_FOLDER, SCHEMAS } from './schema.ts';

const directory = (): string =>
  directoryWith({
    'config.json': config({ hooks: { createRuntime: [{ path: '/usr/bin/true' }] } }),
    'containerd.json': config({ annotations: { 'io.kubernetes.cri.container-type': 'container' } }),
    'runtime.yaml': 'onError: maybe\n',
    'nri.yaml': 'onEror: skip\n',
    'good/nri.yaml': 'onError: skip\nexempt: {namespaces: [kube-system]}\n',
    'good/runtime.yaml': 'onError: skip\nprofiles: {gpu: {log: journald}}\n',
    'base/10-a.json': definition(),
    'base/20-b.json': definition({ annotations: { '^gpu$': 'all|some' }, hasBindMounts: true, commands: ['x.*y'] }),
    'base/30-c.json': { hook: '/usr/bin/true', stage: ['poststop', 'prestart'], cmds: ['sh'], arguments: ['a'] },
    'base/40-d.yaml':
      'version: 1.0.0\nhook: {path: /usr/bin/true, env: [A=b], timeout: 9007199254740993}\nwhen: {always: true}\nstages: [precreate, poststart]\n',
    'over/10-a.json': definition(),
    'over/50-e.json': definition({}, { hook: { path: '/nowhere/program' } }),
    'over/60-f.json': definition({ annotations: { 'com.example': 'x' } }),
    'bad/10.json': { version: '1.0.0', hook: {}, stages: ['nope'], when: { commands: ['('] } },
    'bad/20.json': '{',
  });

const BOTH = ['--hooks-dir', 'base', '--hooks-dir', 'over', '--extension-stage', 'precreate'];

describe('the documents of --json follow their schemas', () => {
  it.each([
    ['report', ['inject', '--dry-run', ...BOTH, 'config.json', '--json'], 0],
    ['report', ['inject', '--dry-run', '--duplicates', 'keep', ...BOTH, 'config.json', '--json'], 0],
    ['report', ['inject', '--dry-run', '--hooks-dir', 'bad', 'config.json', '--json'], 1],
    ['explain', ['explain', ...BOTH, 'config.json', '--json'], 0],
    ['explain', ['explain', '--hooks-dir', 'bad', 'config.json', '--json'], 1],
    ['explain', ['explain', ...BOTH, 'containerd.json', '--json'], 0],
    ['list', ['list', ...BOTH, '--json'], 0],
    ['validate', ['validate', 'runtime.yaml', '--json'], 1],
    ['validate', ['validate', 'good/runtime.yaml', '--json'], 0],
    ['validate', ['validate', 'nri.yaml', '--json'], 1],
    ['validate', ['validate', 'good/nri.yaml', '--json'], 0],
    ['runs', ['runs', '--json'], 0],
    ['runs', ['runs', 'no-such-container', '--json'], 1],
    ['list', ['list', '--hooks-dir', 'bad', '--json'], 1],
    ['validate', ['validate', 'base', 'over', '--extension-stage', 'precreate', '--json'], 0],
    ['validate', ['validate', 'bad', 'nowhere', '--json'], 1],
    ['error', ['list', '--nope', '--json'], 2],
    ['error', ['explain', 'bad/20.json', '--json'], 1],
    ['error', ['explain', 'nowhere', '--json'], 3],
  ] as const)('%s: hooks %j', (schema, args, status) => {
    const run = hooks(args, { cwd: directory() });
    expect(run.status).toBe(status);
    expect(findings(schema, run)).toEqual([]);
  });

  it('report: the file that --report writes, equal to what --json prints', () => {
    const cwd = directory();
    const run = hooks(['inject', '--report', 'r.json', '-o', 'new.json', ...BOTH, 'config.json', '--json'], { cwd });
    expect(findings('report', run)).toEqual([]);
    expect(readFileSync(join(cwd, 'r.json'), 'utf8')).toBe(run.stdout);
    expect(json(run)).toMatchObject({
      hooks: { prestart: [{ definition: '30-c.json' }], poststop: [{ definition: '30-c.json' }] },
      extension: { precreate: [{ definition: '40-d.yaml' }] },
      skipped: [{ definition: '10-a.json', stage: 'createRuntime' }],
    });
  });
});

describe('schemas', () => {
  it.each(SCHEMAS)('%s has a title, a description and its own address', (name) => {
    expect(JSON.parse(readFileSync(`${SCHEMA_FOLDER}/${name}.json`, 'utf8'))).toMatchObject({
      $id: `https://oci-hooks.invalid/schemas/${name}.json`,
      title: expect.stringMatching(/./),
      description: expect.stringMatching(/./),
    });
  });
});
