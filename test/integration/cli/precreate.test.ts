import { chmodSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { config, definition, directoryWith, hooks, json, type Run } from './run.ts';

/** Runs `hooks inject --run-precreate` with these shell scripts as filters, in order. */
function filtered(...scripts: readonly string[]): {
  readonly result: Run;
  readonly text: string;
  readonly left: string[];
} {
  const named = scripts.map((script, index) => [`f${index}`, `#!/bin/sh\n${script}\n`] as const);
  const cwd = directoryWith({ ...Object.fromEntries(named), 'config.json': config() });
  for (const [name] of named) chmodSync(join(cwd, name), 0o755);
  const definitions = named.map(([name], index) => [
    `d/${index}.json`,
    definition(undefined, { hook: { path: join(cwd, name), timeout: 1 }, stages: ['precreate'] }),
  ]);
  const all = directoryWith({ ...Object.fromEntries(definitions), 'd/9.json': definition() });
  const args = ['inject', '--run-precreate', '--in-place', '--hooks-dir', join(all, 'd'), 'config.json'];
  const result = hooks(args, { cwd });
  const left = readdirSync(cwd).filter((name) => name !== 'config.json' && !/^f\d$/.test(name));
  return { result, text: readFileSync(join(cwd, 'config.json'), 'utf8'), left };
}

describe('--run-precreate', () => {
  it('writes what the last filter printed', () => {
    const { result, text } = filtered(`sed 's/"all"/"one"/'`, `sed 's/"one"/"two"/'`);
    expect(result).toMatchObject({ status: 0, stdout: '' });
    expect(JSON.parse(text)).toMatchObject({
      annotations: { gpu: 'two' },
      hooks: { createRuntime: [{ path: '/usr/bin/true' }] },
    });
  });

  it('gives a filter the config on standard input with the hooks already in it', () => {
    const { result } = filtered('grep -q /usr/bin/true && exit 7');
    expect(result.stderr).toContain('exit status 7');
  });

  it.each([
    ['prints nothing', 'cat > /dev/null', 'FILTER_OUTPUT'],
    ['does not print JSON', 'cat > /dev/null; echo hello', 'FILTER_OUTPUT'],
    ['prints half a config', 'head -c 20', 'FILTER_OUTPUT'],
    ['prints JSON that is no config', 'cat > /dev/null; echo {}', 'FILTER_OUTPUT'],
    ['fails', 'cat; echo reason >&2; exit 3', 'HOOK_FAILED'],
    ['is killed', 'cat; kill -9 $$', 'HOOK_FAILED'],
    ['runs longer than its timeout', 'cat; exec sleep 20', 'HOOK_TIMEOUT'],
  ])('leaves the config alone when a filter %s', (_title, script, code) => {
    const { result, text, left } = filtered('cat', script);
    expect(result.status).toBe(3);
    expect(result.stderr).toContain(code);
    expect(text).toBe(JSON.stringify(config()));
    expect(left).toEqual([]);
  });

  it('says the last line that a failing filter wrote to standard error', () => {
    expect(filtered('echo first >&2; echo the reason >&2; exit 3').result.stderr).toContain(
      'exit status 3: the reason',
    );
  });

  it('is fine with a filter that never reads its input', () => {
    const { result } = filtered(`echo '{"ociVersion": "1.0.2"}'`);
    expect(result.status).toBe(0);
  });

  it('leaves filters alone without the flag, where precreate is a stage like any other extension', () => {
    const cwd = directoryWith({
      'config.json': config(),
      'd/1.json': definition(undefined, { stages: ['precreate'] }),
    });
    const args = ['inject', '--hooks-dir', 'd', 'config.json'];
    expect(hooks(args, { cwd }).stderr).toContain('STAGE_UNKNOWN');
    const named = hooks([...args, '--extension-stage', 'precreate', '--dry-run', '--json'], { cwd });
    expect(json(named)).toMatchObject({ extension: { precreate: [{ definition: '1.json' }] } });
  });
});
