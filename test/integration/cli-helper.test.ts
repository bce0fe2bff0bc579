import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const FILES = ['memory.max', 'memory.min', 'memory.low', 'memory.high', 'memory.oom.group', 'pids.max'];

describe('hooks helper', () => {
  let root: string;
  let state: object;
  const file = (name: string): string => readFileSync(join(root, 'a/c', name), 'utf8');
  const config = (linux: object): void => {
    writeFileSync(join(root, 'config.json'), JSON.stringify({ ociVersion: '1.0.2', linux }));
  };
  const helper = (args: readonly string[], input: string = JSON.stringify(state)) =>
    spawnSync(process.execPath, [PROGRAM, 'helper', ...args, '--cgroup-root', root, '--path', '/a/c'], {
      encoding: 'utf8',
      input,
    });

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hooks-helper-'));
    mkdirSync(join(root, 'a/c'), { recursive: true });
    for (const name of FILES) writeFileSync(join(root, 'a/c', name), 'max\n');
    state = { ociVersion: '1.0.2', id: 'c', status: 'created', pid: process.pid, bundle: root };
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it("resources applies the container's own linux.resources", () => {
    config({ resources: { memory: { limit: 4096 }, pids: { limit: 7 } } });
    expect(helper(['resources'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect([file('memory.max'), file('pids.max')]).toEqual(['4096', '7']);
  });

  it('resources prefers the file of the administrator', () => {
    config({ resources: { pids: { limit: 7 } } });
    writeFileSync(join(root, 'r.json'), '{"pids":{"limit":8}}');
    expect(helper(['resources', '--resources', join(root, 'r.json')]).status).toBe(0);
    expect(file('pids.max')).toBe('8');
  });

  it('resources has nothing to do for a container without any, nor at poststop', () => {
    config({});
    expect(helper(['resources'])).toMatchObject({ status: 0, stderr: '' });
    config({ resources: { pids: { limit: 7 } } });
    expect(helper(['resources'], JSON.stringify({ ...state, status: 'stopped', pid: 0 })).status).toBe(0);
    expect(file('pids.max')).toBe('max\n');
  });

  it('resources stops the container on a wish without sense, changing nothing', () => {
    config({ resources: { pids: { limit: 7 }, memory: { swap: 5 } } });
    const { status, stderr } = helper(['resources', '--best-effort']);
    expect(status).toBe(1);
    expect(stderr).toContain('SWAP_WITHOUT_LIMIT');
    expect(file('pids.max')).toBe('max\n');
  });

  it('unified writes the files it is told, in order, or not at all', () => {
    expect(helper(['unified', '--set', 'memory.high=100', '--set', 'pids.max=5']).status).toBe(0);
    expect([file('memory.high'), file('pids.max')]).toEqual(['100', '5']);
    const failed = helper(['unified', '--set', 'pids.max=9', '--set', 'memory.nonsense=1']);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('CGROUP_WRITE');
    expect(file('pids.max')).toBe('5');
  });

  it('lets the container start where the administrator wants best effort', () => {
    const { status, stderr } = helper(['unified', '--best-effort', '--set', 'memory.nonsense=1']);
    expect(status).toBe(0);
    expect(stderr).toContain('starts without it');
  });

  it("memory-qos finds the class by the cgroup's names and the limit in config.json", () => {
    config({ cgroupsPath: '/kubepods/burstable/podx/c', resources: { memory: { limit: 209715200 } } });
    expect(helper(['memory-qos', '--request', '100Mi', '--factor', '0.9']).status).toBe(0);
    expect([file('memory.min'), file('memory.high')]).toEqual(['104857600', String(190 * 1024 * 1024)]);
  });

  it('oom writes memory.oom.group and plans the score', () => {
    const { status, stdout } = helper([
      'oom',
      '--group',
      '1',
      '--score',
      'qos',
      '--qos',
      'BestEffort',
      '--limit',
      '1',
      '--dry-run',
      '--json',
    ]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verb: 'oom',
      cgroup: '/a/c',
      deeds: [
        ['write', 'memory.oom.group', '1'],
        ['write', 'oom_score_adj', '1000'],
      ],
    });
    expect(file('memory.oom.group')).toBe('max\n');
    expect(helper(['oom', '--group', '1']).status).toBe(0);
    expect(file('memory.oom.group')).toBe('1');
  });

  it('does what an annotation asks and the policy grants, unless the arguments say otherwise', () => {
    config({ resources: { unified: { 'pids.max': '3' } } });
    writeFileSync(join(root, 'policy.yaml'), 'version: 1\nunified: { pids.max: 100 }\n');
    const asked = (value: string) =>
      JSON.stringify({ ...state, annotations: { 'io.oci-hooks.unified.pids.max': value } });
    const policy = ['--policy', join(root, 'policy.yaml')];
    expect(helper(['unified', ...policy], asked('99')).status).toBe(0);
    expect(file('pids.max')).toBe('99');
    const refused = helper(['unified', ...policy], asked('101'));
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('POLICY_REFUSED');
    expect(helper(['unified', '--set', 'pids.max=500', ...policy], asked('101')).status).toBe(0);
    expect(file('pids.max')).toBe('500');
    expect(helper(['unified', ...policy]).status).toBe(0);
    expect(file('pids.max')).toBe('3');
  });

  it('refuses what is no state, with the reason', () => {
    for (const input of ['', '{}', '{"id":"../x","bundle":"/b"}']) {
      const { status, stderr } = helper(['unified', '--set', 'pids.max=1'], input);
      expect(status).toBe(1);
      expect(stderr).toContain('STATE_INVALID');
    }
  });

  it.each([
    ['unified', '--set', 'nothing'],
    ['memory-qos', '--factor', '2'],
    ['memory-qos', '--request', '1G'],
    ['oom', '--score', '1001'],
    ['systemd-props', '--property', 'Foo=bar'],
    ['delegate', '--uid', 'me'],
    ['delegate', '--uid', '1', '--leaf', '../x'],
    ['sandbox-overhead', '--tid', 'x'],
    ['sandbox-overhead', '--thread-name', '('],
    ['sandbox-overhead', '--cpus', '0-'],
    ['sandbox-overhead', '--cgroup-only', 'maybe'],
  ])('takes %s %s %s for wrong usage', (...args) => {
    expect(helper(args).status).toBe(2);
  });
});
