import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definition, directoryWith, hooks, json } from './run.ts';
import { findings } from './schema.ts';

describe('doctor', () => {
  it('says what there is, with status 0 when nothing must be mended', () => {
    const cwd = directoryWith({ 'd/10.json': definition() });
    const { status, stdout, stderr } = hooks(['doctor', '--hooks-dir', join(cwd, 'd')], { cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const part of ['engines', 'runtimes', 'cgroups', 'hooks directories', 'policy', 'runtime wrapper', 'NRI']) {
      expect(stdout).toMatch(new RegExp(`^${part}$`, 'm'));
    }
    expect(stdout).toContain(`${join(cwd, 'd')}: 1 valid (0 inactive), 0 invalid`);
  });

  it('ends with status 1 and the command to run when something must be mended', () => {
    const cwd = directoryWith({ "it's/10.json": definition() });
    const path = join(cwd, "it's");
    chmodSync(path, 0o777);
    const { status, stdout } = hooks(['doctor', '--hooks-dir', path], { cwd });
    expect(status).toBe(1);
    // As a person would paste it into a shell.
    expect(stdout).toContain(`run: chmod go-w '${path.replaceAll("'", `'\\''`)}'`);
  });

  it('follows its schema with --json', () => {
    const cwd = directoryWith({ 'good/10.json': definition(), 'bad/10.json': '{', 'bad/20.json': definition() });
    const good = hooks(['doctor', '--json', '--hooks-dir', 'good'], { cwd });
    const bad = hooks(['doctor', '--json', '--hooks-dir', 'bad', '--hooks-dir', 'nowhere'], { cwd });
    expect([good.status, bad.status]).toEqual([0, 1]);
    expect([findings('doctor', good), findings('doctor', bad)]).toEqual([[], []]);
    expect(json(bad)).toMatchObject({ ok: false, directories: [{ valid: 1, invalid: 1 }, { state: 'absent' }] });
  });

  it('looks at the two default directories', () => {
    expect(json<{ directories: { path: string }[] }>(hooks(['doctor', '--json'])).directories).toMatchObject([
      { path: '/usr/share/containers/oci/hooks.d' },
      { path: '/etc/containers/oci/hooks.d' },
    ]);
  });
});
