import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definition, directoryWith, hooks, json } from './run.ts';

const OLD = { hook: '/usr/bin/true', arguments: ['-v'], stages: ['prestart'] };

/** Converts one file and gives the run; `text` is a value for JSON, a text for anything else. */
function convert(name: string, content: unknown, ...args: readonly string[]) {
  const cwd = directoryWith({ [name]: content });
  return hooks(['convert', name, ...args], { cwd });
}

describe('convert', () => {
  it('gives format 1.0.0 for 0.1.0', () => {
    const run = convert('10.json', { ...OLD, cmds: ['^/bin/sh$'] });
    expect(run.status).toBe(0);
    expect(json(run)).toEqual({
      version: '1.0.0',
      hook: { path: '/usr/bin/true', args: ['/usr/bin/true', '-v'] },
      when: { commands: ['^/bin/sh$'] },
      stages: ['prestart'],
    });
  });

  it.each([
    ['bind mounts', { hasbindmounts: true }, { hasBindMounts: true }],
    ['value patterns, joined to one', { annotations: ['a', 'b$'] }, { annotations: { '.*': 'a|b$' } }],
    ['pieces that are a pattern only together', { annotation: ['(a', 'b)'] }, { annotations: { '.*': '(a|b)' } }],
    ['an empty list of values, which any annotation meets', { annotations: [] }, { annotations: { '.*': '' } }],
    ['no condition', {}, {}],
    ['an empty list of commands', { cmds: [] }, {}],
    ['hasbindmounts false beside another', { hasbindmounts: false, cmd: ['sh'] }, { commands: ['sh'] }],
    ['keys that 0.1.0 does not know', { when: { always: true }, timeout: 5, cmds: ['sh'] }, { commands: ['sh'] }],
  ])('keeps the meaning of %s', (_title, conditions, when) => {
    expect(json(convert('10.json', { ...OLD, ...conditions }))).toMatchObject({ when });
    expect(Object.keys(json<{ when: object }>(convert('10.json', { ...OLD, ...conditions })).when)).toEqual(
      Object.keys(when),
    );
  });

  it.each([
    ['commands or values', { cmds: ['a'], annotations: ['b'] }],
    ['commands or any annotation', { cmds: ['a'], annotations: [] }],
    ['commands or bind mounts', { cmds: ['a'], hasbindmounts: true }],
    ['values or bind mounts', { annotations: ['a'], hasbindmounts: true }],
  ])('refuses %s: 1.0.0 has no "or"', (_title, conditions) => {
    const { status, stdout, stderr } = convert('10.json', { ...OLD, ...conditions }, '-o', 'new.json');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('10.json:1:1: error WHEN_NOT_CONVERTIBLE: ');
  });

  it('refuses a definition with errors, with its places', () => {
    const { status, stderr } = convert('10.json', { ...OLD, cmds: ['('] });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^10\.json:1:\d+: error PATTERN_SYNTAX: /);
  });

  it('gives the text as it is where the format is right already', () => {
    const text = '{"version": "1.0.0",\t"hook": {"path": "/x"}, "when": {}, "stages": [ "poststop" ]}';
    expect(convert('10.json', text).stdout).toBe(text);
  });

  it('gives YAML and the same JSON back, with every digit of a timeout', () => {
    const text = JSON.stringify(definition({ annotations: { '^a$': 'yes' } })).replace(
      '"/usr/bin/true"',
      '"/usr/bin/true", "args": ["no", "1.0", "0x1", "~", "a: b #c"], "timeout": 9223372036854775807',
    );
    const yaml = convert('10.json', text, '--to', 'yaml').stdout;
    expect(yaml).toContain('timeout: 9223372036854775807');
    const back = convert('10.yaml', yaml, '--to', 'json').stdout;
    expect(back).toContain('"timeout": 9223372036854775807');
    expect(JSON.parse(back)).toEqual(JSON.parse(text));
  });

  it('chooses the syntax by the ending of --output', () => {
    const cwd = directoryWith({ '10.json': definition() });
    expect(hooks(['convert', '10.json', '-o', '10.yaml'], { cwd })).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(join(cwd, '10.yaml'), 'utf8')).toMatch(/^version: 1\.0\.0$/m);
    expect(readdirSync(cwd).toSorted()).toEqual(['10.json', '10.yaml']);
  });

  it('may replace the file itself', () => {
    const cwd = directoryWith({ '10.json': OLD });
    expect(hooks(['convert', '10.json', '-o', '10.json'], { cwd }).status).toBe(0);
    expect(JSON.parse(readFileSync(join(cwd, '10.json'), 'utf8'))).toMatchObject({ version: '1.0.0' });
  });

  it('takes JSON from standard input', () => {
    expect(json(hooks(['convert', '-'], { input: JSON.stringify(OLD) }))).toMatchObject({ version: '1.0.0' });
  });

  it('refuses a syntax that the ending of --output contradicts', () => {
    expect(convert('10.json', OLD, '--to', 'json', '-o', 'x.yaml').status).toBe(2);
  });

  it('takes the stages of an engine by name', () => {
    const stages = { stages: ['precreate'] };
    expect(convert('10.json', { ...OLD, ...stages }).status).toBe(1);
    expect(convert('10.json', { ...OLD, ...stages }, '--extension-stage', 'precreate').status).toBe(0);
  });

  it('refuses bytes that are no UTF-8', () => {
    const bytes = Buffer.from(JSON.stringify({ ...OLD, arguments: ['\u00ff'] }), 'latin1');
    const cwd = directoryWith();
    writeFileSync(join(cwd, '10.json'), bytes);
    for (const run of [hooks(['convert', '10.json'], { cwd }), hooks(['convert', '-'], { cwd, input: bytes })]) {
      expect(run).toMatchObject({ status: 1, stdout: '' });
      expect(run.stderr).toContain('FILE_INVALID_UTF8');
    }
  });

  it('refuses a YAML text that would be too long to be read', () => {
    const long = definition({}, { hook: { path: '/usr/bin/true', args: ['x'.repeat(300_000)] } });
    const { status, stderr } = convert('10.json', long, '--to', 'yaml');
    expect(status).toBe(1);
    expect(stderr).toContain('FILE_TOO_LARGE');
  });

  it.each(['directory', 'fifo', 'nowhere.json'])('says what is wrong with %s', (name) => {
    const cwd = directoryWith({ 'directory/x': '' });
    expect(hooks(['convert', name], { cwd }).status).not.toBe(0);
  });
});
