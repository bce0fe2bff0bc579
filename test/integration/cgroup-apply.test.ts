import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { parseExactJson } from '../../src/core/oci/exact-json.ts';
import { applyResources, prepareResources } from '../../src/linux/cgroup/apply-resources.ts';
import { type CgroupSelector, closeTarget, openTarget } from '../../src/linux/cgroup/cgroup-target.ts';
import { type Requirement, requires, root } from '../requirement.ts';

// The controllers of this machine as they are: v1 where they are mounted so, as in hybrid mode. Unified cgroups with
// controllers are tested in the virtual machine (test/vm).
const CONTROLLERS = ['memory', 'cpu', 'pids'] as const;
const controllersOnV1: Requirement = {
  name: 'cgroup v1',
  missing: () =>
    CONTROLLERS.every((name) => existsSync(`/sys/fs/cgroup/${name}/tasks`))
      ? undefined
      : `needs ${CONTROLLERS.join(', ')} on cgroup v1 at /sys/fs/cgroup`,
};

const NAME = `/hooks-test-apply-${process.pid}`;
const file = (controller: string, name: string): string => `/sys/fs/cgroup/${controller}${NAME}/${name}`;
const value = (controller: string, name: string): string => readFileSync(file(controller, name), 'utf8').trim();

function apply(selector: CgroupSelector, resources: object) {
  const target = openTarget(selector);
  try {
    const prepared = prepareResources(target, parseExactJson(JSON.stringify(resources)), {});
    expect(prepared.plan.problems).toEqual([]);
    return applyResources(target, prepared);
  } finally {
    closeTarget(target);
  }
}

requires([root, controllersOnV1], () => {
  let sleeper: ChildProcess | undefined;

  function container(): number {
    for (const controller of CONTROLLERS) mkdirSync(`/sys/fs/cgroup/${controller}${NAME}`);
    sleeper = spawn('sleep', ['100']);
    for (const controller of CONTROLLERS) writeFileSync(file(controller, 'cgroup.procs'), String(sleeper.pid));
    return sleeper.pid ?? 0;
  }

  afterEach(async () => {
    const ended = new Promise((resolve) => sleeper?.once('exit', resolve));
    sleeper?.kill('SIGKILL');
    await ended;
    for (const controller of CONTROLLERS) rmdirSync(`/sys/fs/cgroup/${controller}${NAME}`);
  });

  it("writes to a process's cgroup, in each controller's directory", () => {
    const report = apply(
      { pid: container() },
      { memory: { limit: 104857600 }, cpu: { shares: 512 }, pids: { limit: 7 } },
    );
    expect(report.failure).toBeUndefined();
    expect(report.applied.map(({ file, value }) => `${file}=${value}`)).toEqual([
      'memory.limit_in_bytes=104857600',
      'cpu.shares=512',
      'pids.max=7',
    ]);
    expect([value('memory', 'memory.limit_in_bytes'), value('cpu', 'cpu.shares'), value('pids', 'pids.max')]).toEqual([
      '104857600',
      '512',
      '7',
    ]);
  });

  it('writes to a cgroup by its path', () => {
    container();
    apply({ path: NAME }, { pids: { limit: -1 } });
    expect(value('pids', 'pids.max')).toBe('max');
  });

  it('finds the order in which the kernel takes a smaller period', () => {
    const pid = container();
    apply({ pid }, { cpu: { period: 100000, quota: 90000 } });
    const report = apply({ pid }, { cpu: { period: 50000, quota: 20000 } });
    expect(report.failure).toBeUndefined();
    expect([value('cpu', 'cpu.cfs_period_us'), value('cpu', 'cpu.cfs_quota_us')]).toEqual(['50000', '20000']);
  });

  it('leaves everything as it was when the kernel refuses one value', () => {
    const pid = container();
    apply({ pid }, { memory: { limit: 104857600 }, pids: { limit: 9 } });
    const report = apply({ pid }, { memory: { limit: 52428800 }, cpu: { shares: 300, period: 1 }, pids: { limit: 5 } });
    expect(report.failure).toMatchObject({ code: 'CGROUP_WRITE', args: { value: '1' } });
    expect(report.left).toEqual([]);
    expect([value('memory', 'memory.limit_in_bytes'), value('cpu', 'cpu.shares'), value('pids', 'pids.max')]).toEqual([
      '104857600',
      '1024',
      '9',
    ]);
  });

  it('changes nothing for a process that is gone, nor in the root cgroup', () => {
    const pid = container();
    expect(() => apply({ pid: 2 ** 22 }, { pids: { limit: 1 } })).toThrow(
      expect.objectContaining({ code: 'PROCESS_GONE' }),
    );
    expect(() => apply({ path: '/' }, { pids: { limit: 1 } })).toThrow(
      expect.objectContaining({ code: 'CGROUP_ROOT' }),
    );
    expect(pid).toBeGreaterThan(0);
  });

  it('says that a cgroup is not there', () => {
    container();
    expect(() => apply({ path: '/hooks-test-none' }, { pids: { limit: 1 } })).toThrow(
      expect.objectContaining({ code: 'CGROUP_NOT_FOUND' }),
    );
  });
});
