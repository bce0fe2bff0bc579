import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { directoryWith, hooks, json } from './run.ts';
import { findings } from './schema.ts';

const root = (): string =>
  directoryWith({
    'pod/c1/memory.max': '4096\n',
    'pod/c1/cgroup.procs': `${process.pid}\n`,
    'pod/c2/cgroup.type': 'threaded\n',
    'pod/c2/cgroup.threads': `${process.pid}\n`,
  });

describe('hooks cgroup tree', () => {
  it('draws directories, processes, threads and limits', () => {
    const { status, stdout, stderr } = hooks(['cgroup', 'tree', '/pod/', '--cgroup-root', root()]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\/pod\n├─ c1\/ {2}memory\.max=4096\n│ {2}└─ \d+ .*\n└─ c2\/ {2}\(threaded\)\n {3}└─ \d+ /);
  });

  it('gives the same as data', () => {
    const run = hooks(['cgroup', 'tree', '/pod', '--cgroup-root', root(), '--json']);
    expect(findings('cgroup-tree', run)).toEqual([]);
    expect(json(run)).toMatchObject({
      mode: 'unified',
      cut: false,
      root: { path: '/pod', children: [{ path: '/pod/c1', limits: [{ file: 'memory.max', value: '4096' }] }, {}] },
    });
  });

  it('says that it leaves something out', () => {
    const at = ['cgroup', 'tree', '/', '--depth', '0', '--cgroup-root', root()];
    expect(hooks(at).stderr).toContain('--depth');
    expect(hooks([...at, '--quiet']).stderr).toBe('');
    expect(json(hooks([...at, '--json']))).toMatchObject({ cut: true });
  });

  it('escapes what a terminal would obey, also as data', () => {
    const directory = root();
    mkdirSync(join(directory, 'pod/\u009b31m'));
    for (const output of [[], ['--json']]) {
      expect(hooks(['cgroup', 'tree', '/pod', '--cgroup-root', directory, ...output]).stdout).not.toContain('\u009b');
    }
  });

  it('exits 2 for wrong usage and 3 for what is not there', () => {
    const status = (...args: readonly string[]) => hooks(['cgroup', 'tree', ...args, '--cgroup-root', root()]).status;
    expect([
      status('pod'),
      status('/pod/../..'),
      status('/pod', '--depth', 'x'),
      status('/pod', '--entries', '0'),
    ]).toEqual([2, 2, 2, 2]);
    expect(status('/none')).toBe(3);
  });
});
