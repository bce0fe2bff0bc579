import type { CgroupWrite, Conversion } from './cgroup-write.ts';
import { rdmaWrites } from './convert-v2.ts';
import type { Dialect } from './memory-swap.ts';
import { problem } from './problem.ts';
import type { Resources, ThrottleKind } from './resources.ts';

/** How linux.resources are read for cgroup v1. */
export interface V1Options {
  readonly dialect: Dialect;
  /** Whether the weight files are those of bfq: `blkio.bfq.weight` instead of `blkio.weight`. */
  readonly bfq: boolean;
  /** What memory.limit_in_bytes holds now, in bytes; undefined for a new cgroup, which has no limit. */
  readonly currentMemoryLimit: bigint | undefined;
}

type Part = (resources: Resources, options: V1Options, out: Conversion) => void;

const ORDER: Readonly<Record<Dialect, readonly Part[]>> = {
  runc: [cpuset, devices, memory, cpu, pids, blkio, hugetlb, netPrio, netCls, rdma, unified],
  crun: [blkio, netCls, netPrio, hugetlb, devices, memory, pids, cpu, cpuset, rdma, unified],
};

/**
 * Converts linux.resources to writes for cgroup v1, in the order of the runtime; the controller, and so the directory,
 * of a write is what stands before the first dot of its file.
 * Source: opencontainers/cgroups v0.0.8 fs; crun src/libcrun/cgroup-resources.c.
 */
export function convertV1(resources: Resources, options: V1Options): Conversion {
  const out: Conversion = { writes: [], ignored: [], problems: [] };
  for (const part of ORDER[options.dialect]) part(resources, options, out);
  return out;
}

function cpuset({ cpu }: Resources, _options: V1Options, out: Conversion): void {
  for (const key of ['cpus', 'mems'] as const) {
    const list = cpu[key];
    if (list === '') out.ignored.push({ field: `cpu.${key}`, reason: 'empty keeps what the directory has' });
    else if (list !== undefined) out.writes.push({ file: `cpuset.${key}`, value: list });
  }
}

function devices({ devices = [] }: Resources, _options: V1Options, out: Conversion): void {
  for (const { allow, type, major, minor, access } of devices) {
    const file = allow ? 'devices.allow' : 'devices.deny';
    if (type !== 'a') {
      // mknod's names for a character device and a pipe; v1 knows only b and c.
      if (type === 'p') out.ignored.push({ field: 'devices', reason: 'a pipe is no device that cgroup v1 guards' });
      else out.writes.push({ file, value: `${type === 'u' ? 'c' : type} ${any(major)}:${any(minor)} ${access}` });
    } else if (major < 0n && minor < 0n) {
      // The kernel takes everything after "a" as "all": one short word says what is meant.
      out.writes.push({ file, value: 'a' });
    } else {
      for (const each of ['b', 'c']) out.writes.push({ file, value: `${each} ${any(major)}:${any(minor)} ${access}` });
    }
  }
}

function memory(resources: Resources, options: V1Options, out: Conversion): void {
  const { memory } = resources;
  const runc = options.dialect === 'runc';
  out.writes.push(...limits(resources, options, out));
  const byRunc = { reason: 'runc leaves kernel memory alone: the kernel counts it in memory.limit' };
  for (const [field, value, file] of [
    ['memory.kernel', memory.kernel, 'memory.kmem.limit_in_bytes'],
    ['memory.kernelTCP', memory.kernelTCP, 'memory.kmem.tcp.limit_in_bytes'],
  ] as const) {
    if (value === undefined) continue;
    if (!runc) out.writes.push({ file, value: String(value) });
    else if (value !== 0n) out.ignored.push({ field, ...byRunc });
  }
  if (memory.useHierarchy !== undefined) {
    if (runc) out.ignored.push({ field: 'memory.useHierarchy', reason: 'runc leaves it as the parent has it' });
    else out.writes.push({ file: 'memory.use_hierarchy', value: memory.useHierarchy ? '1' : '0' });
  }
  const soft = nonZero(memory.reservation, 'memory.reservation', runc, out);
  if (soft !== undefined) out.writes.push({ file: 'memory.soft_limit_in_bytes', value: String(soft) });
  if (memory.disableOOMKiller === true) out.writes.push({ file: 'memory.oom_control', value: '1' });
  if (memory.swappiness !== undefined && memory.swappiness !== -1n) {
    out.writes.push({ file: 'memory.swappiness', value: String(memory.swappiness) });
  }
}

function limits({ memory }: Resources, options: V1Options, out: Conversion): CgroupWrite[] {
  const runc = options.dialect === 'runc';
  const limit = nonZero(memory.limit, 'memory.limit', runc, out);
  const given = nonZero(memory.swap, 'memory.swap', runc, out);
  const implied = runc && limit === -1n && given === undefined;
  const swap = implied ? -1n : given;
  if (swap !== undefined && swap > 0n && limit !== undefined && limit > 0n && swap < limit) {
    out.problems.push(problem('SWAP_BELOW_LIMIT', 'memory.swap', { swap, limit }));
    return [];
  }
  const max: CgroupWrite[] = limit === undefined ? [] : [{ file: 'memory.limit_in_bytes', value: String(limit) }];
  const memsw: CgroupWrite[] =
    swap === undefined
      ? []
      : [
          {
            file: 'memory.memsw.limit_in_bytes',
            value: String(swap),
            ...(runc && !implied ? {} : { missingOk: true }),
          },
        ];
  if (!runc) {
    return [...max.map((write) => (swap === undefined ? write : { ...write, retryAfter: MEMSW })), ...memsw];
  }
  const raises = swap === -1n || (swap !== undefined && (options.currentMemoryLimit ?? NO_LIMIT) < swap);
  // The kernel keeps limit <= memsw at every step, so the one that makes room goes first.
  return max.length > 0 && raises ? [...memsw, ...max] : [...max, ...memsw];
}

const MEMSW = 'memory.memsw.limit_in_bytes';
const NO_LIMIT = 2n ** 63n - 1n;

function cpu({ cpu }: Resources, { dialect }: V1Options, out: Conversion): void {
  const runc = dialect === 'runc';
  const writes: CgroupWrite[] = [];
  const quotaFollows = cpu.quota !== undefined && cpu.quota !== 0n;
  const add = (value: bigint | undefined, field: string, write: Omit<CgroupWrite, 'value'>): void => {
    const set = field === 'cpu.burst' || field === 'cpu.idle' ? value : nonZero(value, field, true, out);
    if (set !== undefined) writes.push({ ...write, value: String(set) });
  };
  if (runc && cpu.shares !== undefined && cpu.shares !== 0n && (cpu.shares < 2n || cpu.shares > 262_144n)) {
    // runc reads the file back and fails where the kernel clamped.
    out.problems.push(problem('FIELD_RANGE', 'cpu.shares', { value: cpu.shares, expected: '2 to 262144' }));
  }
  const afterQuota = quotaFollows ? { retryAfter: 'cpu.cfs_quota_us' } : {};
  add(cpu.shares, 'cpu.shares', { file: 'cpu.shares' });
  add(cpu.period, 'cpu.period', { file: 'cpu.cfs_period_us', ...afterQuota });
  if (runc) add(cpu.burst, 'cpu.burst', { file: 'cpu.cfs_burst_us', missingOk: true, ...afterQuota });
  add(cpu.quota, 'cpu.quota', { file: 'cpu.cfs_quota_us' });
  if (runc) add(cpu.idle, 'cpu.idle', { file: 'cpu.idle' });
  const hasRuntime = cpu.realtimeRuntime !== undefined && cpu.realtimeRuntime !== 0n;
  const afterRuntime = runc && hasRuntime ? { retryAfter: 'cpu.rt_runtime_us' } : {};
  add(cpu.realtimePeriod, 'cpu.realtimePeriod', { file: 'cpu.rt_period_us', ...afterRuntime });
  add(cpu.realtimeRuntime, 'cpu.realtimeRuntime', { file: 'cpu.rt_runtime_us' });
  if (!runc) {
    add(cpu.idle, 'cpu.idle', { file: 'cpu.idle' });
    add(cpu.burst, 'cpu.burst', { file: 'cpu.cfs_burst_us' });
  }
  out.writes.push(...writes);
}

function pids({ pidsLimit }: Resources, { dialect }: V1Options, out: Conversion): void {
  if (pidsLimit === undefined) return;
  if (pidsLimit === 0n && dialect === 'crun') {
    out.ignored.push({ field: 'pids.limit', reason: 'crun takes 0 as unset' });
    return;
  }
  const value = pidsLimit === 0n ? '1' : pidsLimit < 0n ? 'max' : String(pidsLimit);
  out.writes.push({ file: 'pids.max', value });
}

const THROTTLE_FILE: Readonly<Record<ThrottleKind, string>> = {
  ReadBps: 'blkio.throttle.read_bps_device',
  WriteBps: 'blkio.throttle.write_bps_device',
  ReadIOPS: 'blkio.throttle.read_iops_device',
  WriteIOPS: 'blkio.throttle.write_iops_device',
};

function blkio({ blockIo }: Resources, { bfq }: V1Options, out: Conversion): void {
  const prefix = bfq ? 'blkio.bfq.' : 'blkio.';
  const weight = nonZero(blockIo.weight, 'blockIO.weight', true, out);
  if (weight !== undefined) out.writes.push({ file: `${prefix}weight`, value: String(weight) });
  const leaf = nonZero(blockIo.leafWeight, 'blockIO.leafWeight', true, out);
  if (leaf !== undefined) out.writes.push({ file: 'blkio.leaf_weight', value: String(leaf) });
  for (const device of blockIo.weightDevice) {
    const number = `${device.major}:${device.minor}`;
    if (device.weight !== undefined && device.weight !== 0n) {
      out.writes.push({ file: `${prefix}weight_device`, value: `${number} ${device.weight}` });
    }
    if (device.leafWeight !== undefined && device.leafWeight !== 0n) {
      out.writes.push({ file: 'blkio.leaf_weight_device', value: `${number} ${device.leafWeight}` });
    }
  }
  for (const { kind, devices } of blockIo.throttle) {
    for (const { major, minor, rate } of devices) {
      out.writes.push({ file: THROTTLE_FILE[kind], value: `${major}:${minor} ${rate}` });
    }
  }
}

function hugetlb({ hugepageLimits }: Resources, { dialect }: V1Options, out: Conversion): void {
  for (const { pageSize, limit } of hugepageLimits) {
    const value = String(limit);
    out.writes.push({ file: `hugetlb.${pageSize}.limit_in_bytes`, value });
    if (dialect === 'runc')
      out.writes.push({ file: `hugetlb.${pageSize}.rsvd.limit_in_bytes`, value, missingOk: true });
  }
}

function netCls({ network }: Resources, _options: V1Options, out: Conversion): void {
  const classID = nonZero(network?.classID, 'network.classID', true, out);
  if (classID !== undefined) out.writes.push({ file: 'net_cls.classid', value: String(classID) });
}

function netPrio({ network }: Resources, _options: V1Options, out: Conversion): void {
  for (const { name, priority } of network?.priorities ?? []) {
    out.writes.push({ file: 'net_prio.ifpriomap', value: `${name} ${priority}` });
  }
}

function rdma(resources: Resources, { dialect }: V1Options, out: Conversion): void {
  if (dialect === 'runc') out.writes.push(...rdmaWrites(resources));
  else if (resources.rdma.length > 0) out.ignored.push({ field: 'rdma', reason: 'crun writes no RDMA limits' });
}

function unified({ unified }: Resources, _options: V1Options, out: Conversion): void {
  if (unified.length > 0) out.problems.push(problem('UNIFIED_ON_V1', 'unified'));
}

function nonZero(value: bigint | undefined, field: string, zeroIsUnset: boolean, out: Conversion): bigint | undefined {
  if (value !== 0n || !zeroIsUnset) return value;
  out.ignored.push({ field, reason: '0 is unset' });
  return undefined;
}

function any(number: bigint): string {
  return number < 0n ? '*' : String(number);
}
