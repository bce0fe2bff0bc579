import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requires, root } from '../../requirement.ts';
import { directoryWith, hooks, hooksInShell, json, PROGRAM } from './run.ts';

const CONFIG = {
  annotations: { 'io.kubernetes.cri.container-type': 'container' },
  linux: { cgroupsPath: '/pods/a/c1', resources: { pids: { limit: 3 } } },
};

/** Gives a bundle with a cgroup root in it. */
function bundle(): string {
  const directory = directoryWith({ 'config.json': CONFIG });
  mkdirSync(join(directory, 'cgroup/pods'), { recursive: true });
  return directory;
}
const state = (directory: string, status: string): string =>
  JSON.stringify({ ociVersion: '1.0.2', id: 'compat-c1', status, pid: -1, bundle: directory });
const ARGS = ['helper', 'compat-dir', '--cgroup-root', 'cgroup'];
const compatDir = (directory: string, status: string, ...args: readonly string[]) =>
  hooks([...ARGS, ...args], {
    input: state(directory, status),
    cwd: directory,
    env: { XDG_RUNTIME_DIR: directory },
  });

describe('hooks helper compat-dir', () => {
  it('makes the directory, says what it could not write, and removes it at poststop', () => {
    const directory = bundle();
    const started = compatDir(directory, 'created');
    expect(started).toMatchObject({ status: 0, stdout: '' });
    expect(started.stderr).toContain('pids.max was not given 3');
    expect(existsSync(join(directory, 'cgroup/pods/a/c1'))).toBe(true);
    expect(compatDir(directory, 'stopped')).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(readdirSync(join(directory, 'cgroup/pods'))).toEqual([]);
  });

  it('says at poststop that its record stays when that is of no use', () => {
    const directory = bundle();
    compatDir(directory, 'created');
    const root = process.geteuid?.() === 0 ? '/run/oci-hooks' : join(directory, 'oci-hooks');
    const hash = createHash('sha256').update(directory).digest('hex').slice(0, 16);
    const record = join(root, `compat-c1-${hash}`, 'compat-dir.json');
    const text = readFileSync(record);
    writeFileSync(record, '[]');
    const { status, stderr } = compatDir(directory, 'stopped');
    writeFileSync(record, text);
    expect(status).toBe(0);
    expect(stderr).toContain('RECORD');
    expect(stderr).not.toContain('the container starts');
    expect(compatDir(directory, 'stopped').stderr).toBe('');
  });

  it('prints its deeds', () => {
    expect(json(compatDir(bundle(), 'created', '--dry-run', '--json'))).toEqual({
      schemaVersion: 1,
      verb: 'compat-dir',
      cgroup: '/pods/a/c1',
      dryRun: true,
      deeds: [
        ['make-directory', 'cgroup/pods/a'],
        ['make-directory', 'cgroup/pods/a/c1'],
        ['write', 'pids.max', '3'],
      ],
      ignored: [],
      warnings: [],
    });
  });

  it.each([
    ['no state', '{}', 'STATE_INVALID'],
    ['a bundle without a config.json', JSON.stringify({ id: 'c', bundle: '/nowhere' }), 'FILE_READ'],
  ])('stops no container for %s', (_, input, code) => {
    const { status, stderr } = hooks(['helper', 'compat-dir'], { input });
    expect(status).toBe(0);
    expect(stderr).toContain(code);
  });

  it('shares what is above the containers of a pod, however they come and go', () => {
    const ids = ['1', '2', '3', '4'];
    const directory = directoryWith(
      Object.fromEntries(
        ids.map((id) => [`${id}/config.json`, { ...CONFIG, linux: { cgroupsPath: `/pods/a/b/c${id}` } }]),
      ),
    );
    mkdirSync(join(directory, 'cgroup/pods'), { recursive: true });
    // Each comes and goes three times; nothing but their own speed keeps them apart.
    const life = `for turn in 1 2 3; do for status in creating stopped; do
      printf '{"id":"compat-s%s","status":"%s","bundle":"%s"}' "$id" "$status" "$PWD/$id" | "$@" || echo failed; done; done`;
    const { stdout, stderr } = hooksInShell(
      `for id in ${ids.join(' ')}; do ( ${life} ) & done; wait`,
      ['helper', 'compat-dir', '--cgroup-root', 'cgroup'],
      { cwd: directory, env: { XDG_RUNTIME_DIR: directory } },
    );
    expect({ stdout, stderr }).toEqual({ stdout: '', stderr: '' });
    expect(readdirSync(join(directory, 'cgroup/pods'))).toEqual([]);
  });

  it('is told no cgroup of the machine by its arguments', () => {
    expect(hooks(['helper', 'compat-dir', '--path', '/x']).status).toBe(2);
  });
});

requires([root, 'strace'], () => {
  /** Runs the helper until it is about to do the Nth of these calls, and kills it there. False when it has no more of them. */
  function killedBefore(call: string, nth: number, directory: string, status: string): boolean {
    const inject = `inject=${call}:signal=KILL:when=${nth}`;
    const strace = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
    const run = spawnSync('strace', [...strace, ...PROGRAM, ...ARGS], {
      cwd: directory,
      input: state(directory, status),
      encoding: 'utf8',
    });
    if (run.error) throw run.error;
    return run.signal === 'SIGKILL' || run.status === 137;
  }
  const records = (): string[] => readdirSync('/run/oci-hooks').filter((name) => name.startsWith('compat-c1-'));
  const made = (directory: string): boolean => existsSync(join(directory, 'cgroup/pods/a/c1'));

  it.each(['mkdir', 'rename'])('a helper that is killed before any %s is made good by the next start', (call) => {
    let kills = 0;
    for (let nth = 1; ; nth++) {
      const directory = bundle();
      const isKilled = killedBefore(call, nth, directory, 'created');
      if (isKilled) kills++;
      compatDir(directory, 'created');
      expect(made(directory)).toBe(true);
      compatDir(directory, 'stopped');
      expect(readdirSync(join(directory, 'cgroup/pods'))).toEqual([]);
      expect(records()).toEqual([]);
      if (!isKilled) break;
    }
    expect(kills).toBeGreaterThan(1);
  });

  it.each(['mkdir', 'rename'])('a helper that is killed before any %s is tidied up at poststop', (call) => {
    for (let nth = 1; ; nth++) {
      const directory = bundle();
      const isKilled = killedBefore(call, nth, directory, 'created');
      compatDir(directory, 'stopped');
      expect(readdirSync(join(directory, 'cgroup/pods'))).toEqual([]);
      if (!isKilled) break;
    }
  });

  it.each(['rmdir', 'unlink'])('a poststop that is killed before any %s is ended by the next', (call) => {
    let kills = 0;
    for (let nth = 1; ; nth++) {
      const directory = bundle();
      compatDir(directory, 'created');
      const isKilled = killedBefore(call, nth, directory, 'stopped');
      if (isKilled) kills++;
      compatDir(directory, 'stopped');
      expect(readdirSync(join(directory, 'cgroup/pods'))).toEqual([]);
      expect(records()).toEqual([]);
      if (!isKilled) break;
    }
    expect(kills).toBeGreaterThan(0);
  });
});
