import { execFileSync } from 'node:child_process';
import {
  existsSync,
  type FSWatcher,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { OciState } from '../../src/core/oci/state.ts';
import { makeCompatDirectory } from '../../src/helpers/compat-dir.ts';
import { readTree } from '../../src/linux/cgroup/cgroup-tree.ts';
import { type Requirement, requires, root } from '../requirement.ts';

// The controllers of this machine as they are: v1 where they are mounted so, as in hybrid mode. Unified cgroups with
// controllers, and systemd, are tested in the virtual machine (test/vm).
const controllersOnV1: Requirement = {
  name: 'cgroup v1',
  missing: () =>
    ['cpu', 'memory', 'pids'].every((name) => existsSync(`/sys/fs/cgroup/${name}/tasks`))
      ? undefined
      : 'needs cpu, memory and pids on cgroup v1 at /sys/fs/cgroup',
};
const cgroup2: Requirement = {
  name: 'cgroup v2 beside it',
  missing: () =>
    existsSync('/sys/fs/cgroup/unified/cgroup.procs') ? undefined : 'needs cgroup2 at /sys/fs/cgroup/unified',
};

const TOP = `/hooks-test-compat-${process.pid}`;
const READER = fileURLToPath(new URL('../vm/cadvisor.sh', import.meta.url));

/** The series that cAdvisor would have of a cgroup. */
function series(path: string): Record<string, string> {
  const text = execFileSync('bash', ['-c', '. "$1"; spec "$2"', 'bash', READER, path], { encoding: 'utf8' });
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' ') as [string, string]),
  );
}

function directories(path: string): string[] {
  return readdirSync('/sys/fs/cgroup').filter((name) => existsSync(`/sys/fs/cgroup/${name}${path}/cgroup.procs`));
}

requires([root, controllersOnV1], () => {
  let temporary: string;
  let watchers: FSWatcher[];
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'hooks-compat-'));
    watchers = [];
  });
  afterEach(() => {
    for (const watcher of watchers) watcher.close();
    rmSync(temporary, { recursive: true });
    for (const name of directories(TOP)) {
      for (const below of readdirSync(`/sys/fs/cgroup/${name}${TOP}`, { withFileTypes: true })) {
        if (below.isDirectory()) rmdirSync(`/sys/fs/cgroup/${name}${TOP}/${below.name}`);
      }
      rmdirSync(`/sys/fs/cgroup/${name}${TOP}`);
    }
  });

  function container(id: string, resources: object = {}): OciState {
    const bundle = join(temporary, id);
    mkdirSync(bundle);
    const annotations = { 'io.kubernetes.cri.container-type': 'container' };
    writeFileSync(
      join(bundle, 'config.json'),
      JSON.stringify({ annotations, linux: { cgroupsPath: `${TOP}/${id}`, resources } }),
    );
    return { id, status: 'creating', pid: undefined, bundle, annotations: {} };
  }
  const run = (state: OciState, flags: object = {}) =>
    makeCompatDirectory(state, flags, { records: join(temporary, 'records'), patience: { everyMs: 10, forMs: 300 } });
  const stop = (state: OciState) => run({ ...state, status: 'stopped' });

  it('shows cAdvisor the limits of config.json, and no trace of it afterwards', async () => {
    const state = container('c1', {
      memory: { limit: 104857600, swap: 209715200, reservation: 52428800 },
      cpu: { shares: 512, quota: 20000, period: 50000 },
      pids: { limit: 40 },
    });
    expect((await run(state)).warnings).toEqual([]);
    expect(series(`${TOP}/c1`)).toEqual({
      container_spec_cpu_quota: '20000',
      container_spec_cpu_period: '50000',
      container_spec_cpu_shares: '512',
      container_spec_memory_limit_bytes: '104857600',
      container_spec_memory_swap_limit_bytes: '209715200',
      container_spec_memory_reservation_limit_bytes: '52428800',
      processes_limit: '40',
    });
    expect((await stop(state)).warnings).toEqual([]);
    expect(directories(TOP)).toEqual([]);
  });

  it('is in every hierarchy that cAdvisor reads, and in no other', async () => {
    const state = container('c1');
    await run(state);
    const found = directories(`${TOP}/c1`);
    expect(found).toEqual(expect.arrayContaining(['cpu', 'memory', 'pids']));
    expect(found.filter((name) => ['freezer', 'net_cls', 'systemd', 'unified'].includes(name))).toEqual([]);
    await stop(state);
  });

  it('is seen by who watches the parent as it comes and goes', async () => {
    await run(container('first'));
    const events: string[] = [];
    watchers.push(watch(`/sys/fs/cgroup/memory${TOP}`, (_, name) => events.push(name ?? '')));
    const state = container('c1');
    await run(state);
    await vi.waitFor(() => expect(events.filter((name) => name === 'c1')).toHaveLength(1));
    await stop(state);
    await vi.waitFor(() => expect(events.filter((name) => name === 'c1')).toHaveLength(2));
    await stop({ ...state, id: 'first', bundle: join(temporary, 'first') });
  });

  it('is left to whoever entered it, and stays on record', async () => {
    const state = container('c1');
    await run(state);
    const procs = `/sys/fs/cgroup/pids${TOP}/c1/cgroup.procs`;
    const before = /^\d+:pids:(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1] ?? '/';
    writeFileSync(procs, String(process.pid));
    try {
      expect((await stop(state)).warnings).toEqual([
        expect.stringContaining(`/sys/fs/cgroup/pids${TOP}/c1 is not removed`),
        expect.stringContaining(`/sys/fs/cgroup/pids${TOP} is not removed`),
      ]);
      expect(directories(TOP)).toEqual(['pids']);
    } finally {
      writeFileSync(`/sys/fs/cgroup/pids${before}/cgroup.procs`, String(process.pid));
    }
    expect((await stop(state)).warnings).toEqual([]);
    expect(directories(TOP)).toEqual([]);
  });

  it('is drawn with what is set', async () => {
    const state = container('c1', { pids: { limit: 5 }, cpu: { shares: 1024 } });
    await run(state);
    const { root: node } = readTree({ path: TOP, root: undefined, depth: 2, entries: 99 });
    expect(node.children).toMatchObject([
      { path: `${TOP}/c1`, limits: [{ file: 'pids.max', value: '5' }], processes: [] },
    ]);
    await stop(state);
  });

  it('takes no longer than it must when two containers of a pod start and stop at once', async () => {
    const states = ['a', 'b', 'c'].map((id) => container(id));
    await Promise.all(states.map((state) => run(state)));
    const reports = await Promise.all(states.map(stop));
    expect(reports.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect(directories(TOP)).toEqual([]);
  });
});

requires([root, cgroup2], () => {
  it('starts the container also below an ancestor that is full, and says so', async () => {
    const full = `/sys/fs/cgroup/unified${TOP}-full`;
    mkdirSync(full);
    try {
      writeFileSync(`${full}/cgroup.max.descendants`, '0');
      const made = await import('../../src/linux/cgroup/own-directory.ts');
      const { leaf, own, failure } = made.makePath(
        { mountPoint: '/sys/fs/cgroup/unified', path: `${TOP}-full/c1` },
        [],
      );
      expect({ leaf, own }).toEqual({ leaf: undefined, own: [] });
      expect(failure?.reason).toContain('cgroup.max.descendants');
    } finally {
      rmdirSync(full);
    }
  });
});
