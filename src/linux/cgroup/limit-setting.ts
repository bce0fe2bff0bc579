import type { OpenCgroup } from './open-cgroup.ts';

/** A file of a cgroup with another value than in a new directory. */
export interface LimitSetting {
  readonly file: string;
  readonly value: string;
}

/** Files, and what a new directory has in them. The names of v1 and v2 do not overlap but for pids.max. */
const UNSET: Readonly<Record<string, (value: string) => boolean>> = {
  'cgroup.freeze': is('0'),
  'cgroup.max.depth': is('max'),
  'cgroup.max.descendants': is('max'),
  'cpu.cfs_period_us': is('100000'),
  'cpu.cfs_quota_us': is('-1'),
  'cpu.idle': is('0'),
  'cpu.max': is('max 100000'),
  'cpu.shares': is('1024'),
  // While cpu.idle is 1 the kernel shows 0.
  'cpu.weight': is('100', '0'),
  'cpuset.cpus': is(''),
  'cpuset.mems': is(''),
  'io.bfq.weight': is('100', 'default 100'),
  'io.max': is(''),
  'io.weight': is('default 100'),
  'memory.high': is('max'),
  'memory.limit_in_bytes': isUnlimitedOnV1,
  'memory.low': is('0'),
  'memory.max': is('max'),
  'memory.memsw.limit_in_bytes': isUnlimitedOnV1,
  'memory.min': is('0'),
  'memory.oom.group': is('0'),
  'memory.soft_limit_in_bytes': isUnlimitedOnV1,
  'memory.swap.max': is('max'),
  'pids.max': is('max'),
};

/** Gives what is set in a cgroup: the limits that its files hold, in the order of their names. */
export function limitSettings(cgroup: OpenCgroup): LimitSetting[] {
  return Object.entries(UNSET).flatMap(([file, isUnset]) => {
    const value = cgroup.read(file)?.trim();
    return value === undefined || isUnset(value) ? [] : [{ file, value }];
  });
}

function is(...values: readonly string[]): (value: string) => boolean {
  return (value) => values.includes(value);
}

/** The kernel shows the largest number of whole pages that a long holds. */
function isUnlimitedOnV1(value: string): boolean {
  return /^\d+$/.test(value) && BigInt(value) >= 2n ** 62n;
}
