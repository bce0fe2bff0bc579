import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { treeText } from '../../src/cli/commands/cgroup-tree.ts';
import { readTree } from '../../src/linux/cgroup/cgroup-tree.ts';
import { type Requirement, requires, root } from '../requirement.ts';

const controllersOnV1: Requirement = {
  name: 'cgroup v1',
  missing: () =>
    ['cpu', 'pids'].every((name) => existsSync(`/sys/fs/cgroup/${name}/tasks`))
      ? undefined
      : 'needs cpu and pids on cgroup v1 at /sys/fs/cgroup',
};

const TOP = `/hooks-test-tree-${process.pid}`;
const CPU = `/sys/fs/cgroup/cpu${TOP}`;
const PIDS = `/sys/fs/cgroup/pids${TOP}`;

requires([root, controllersOnV1], () => {
  let program: ChildProcess | undefined;
  afterEach(async () => {
    const ended = new Promise((resolve) => program?.once('exit', resolve));
    program?.kill('SIGKILL');
    await ended;
    for (const directory of [`${CPU}/vcpu`, CPU, `${PIDS}/vcpu`, PIDS]) rmdirSync(directory);
  });

  it('shows where the threads of a process are that has them in two cgroups', async () => {
    for (const directory of [CPU, `${CPU}/vcpu`, PIDS, `${PIDS}/vcpu`]) mkdirSync(directory);
    // Node has threads of its own; one of them stands for a virtual processor.
    program = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const pid = program.pid ?? 0;
    const tids = () => readdirSync(`/proc/${pid}/task`).map(Number);
    const count = await vi.waitFor(() => {
      const before = tids().length;
      expect(before).toBeGreaterThan(4);
      return before;
    });
    for (const directory of [CPU, PIDS]) writeFileSync(`${directory}/cgroup.procs`, String(pid));
    const vcpu = tids().find((tid) => tid !== pid) ?? 0;
    writeFileSync(`${CPU}/vcpu/tasks`, String(vcpu));

    const tree = readTree({ path: TOP, root: undefined, depth: 2, entries: 99 });
    const [process_] = tree.root.processes;
    expect(process_).toMatchObject({ pid, hierarchies: expect.arrayContaining(['cpu', 'pids']) });
    expect(process_?.threads.find(({ tid }) => tid === vcpu)?.hierarchies).toEqual(['pids']);
    expect(process_?.threads.filter(({ hierarchies }) => hierarchies.includes('cpu')).length).toBeGreaterThanOrEqual(
      count - 1,
    );
    const [below] = tree.root.children[0]?.processes ?? [];
    expect(below).toMatchObject({ pid, hierarchies: ['cpu'], threads: [{ tid: vcpu, hierarchies: ['cpu'] }] });
    expect(treeText(tree)).toContain(`thread ${vcpu} `);
  });
});
