import { type CgroupWrite, type Conversion, limitText } from './cgroup-write.ts';
import { type Dialect, swapMax } from './memory-swap.ts';
import { problem } from './problem.ts';
import type { Resources, ThrottleKind } from './resources.ts';
import { convertUnified } from './unified.ts';
import { cpuWeight, ioWeight, type WeightFormula } from './weight.ts';

/** How linux.resources are read for cgroup v2. */
export interface V2Options {
  readonly dialect: Dialect;
  readonly weightFormula: WeightFormula;
  /** Whether the cgroup has io.bfq.weight. */
  readonly bfq: boolean;
  /** What swappiness 0 means where memory.swap is not given: `swap-max` writes memory.swap.max 0. */
  readonly swappiness0: 'ignore' | 'swap-max';
  /** What disableOOMKiller true means: `oom-score-adj` sets the process's oom_score_adj to -1000. */
  readonly oomKillerDisabled: 'ignore' | 'oom-score-adj';
  /** Which file a memory.reservation goes to; `min` is never taken back under pressure. */
  readonly reservation: 'low' | 'min';
}

/** The name under which a process's oom_score_adj stands among the writes: it is no file of the cgroup. */
export const OOM_SCORE_ADJ = 'oom_score_adj';

type Part = (resources: Resources, options: V2Options, out: Conversion) => void;

const ORDER: Readonly<Record<Dialect, readonly Part[]>> = {
  runc: [pids, memory, io, cpu, devices, cpuset, hugetlb, rdma, network, unified],
  crun: [devices, memory, pids, cpu, cpuset, io, hugetlb, rdma, network, unified],
};

/**
 * Converts linux.resources to writes for one cgroup v2 directory, in the order of the runtime: `unified` comes last, so
 * that it wins. What v2 does not know is reported as ignored (runc) or is a problem (crun), as the runtimes have it.
 * Source: opencontainers/cgroups v0.0.8 fs2; crun src/libcrun/cgroup-resources.c.
 */
export function convertV2(resources: Resources, options: V2Options): Conversion {
  const out: Conversion = { writes: [], ignored: [], problems: [] };
  for (const part of ORDER[options.dialect]) part(resources, options, out);
  return out;
}

function pids({ pidsLimit }: Resources, { dialect }: V2Options, out: Conversion): void {
  if (pidsLimit === undefined) return;
  if (pidsLimit === 0n && dialect === 'crun') {
    out.ignored.push({ field: 'pids.limit', reason: 'crun takes 0 as unset' });
    return;
  }
  // systemd refuses 0, so runc writes the next number on both drivers.
  out.writes.push({ file: 'pids.max', value: pidsLimit === 0n ? '1' : limitText(pidsLimit) });
}

function memory(resources: Resources, options: V2Options, out: Conversion): void {
  const { memory } = resources;
  const { dialect } = options;
  const runc = dialect === 'runc';
  const max = memoryLimit(memory.limit, 'memory.limit', 'memory.max', dialect, out);
  const low = memoryLimit(
    memory.reservation,
    'memory.reservation',
    options.reservation === 'min' ? 'memory.min' : 'memory.low',
    dialect,
    out,
  );
  const swap = swapWrite(resources, options, out);
  const ordered = runc ? [swap, max, low] : [max, swap, low];
  out.writes.push(...ordered.filter((write) => write !== undefined));
  unsupported(memory.kernel !== undefined && (!runc || memory.kernel !== 0n), 'memory.kernel', options, out);
  unsupported(memory.kernelTCP !== undefined && (!runc || memory.kernelTCP !== 0n), 'memory.kernelTCP', options, out);
  unsupported(memory.useHierarchy !== undefined, 'memory.useHierarchy', options, out);
  oomKiller(resources, options, out);
  const mapped = memory.swappiness === 0n && options.swappiness0 === 'swap-max' && memory.swap === undefined;
  unsupported(
    memory.swappiness !== undefined && memory.swappiness !== -1n && !mapped,
    'memory.swappiness',
    options,
    out,
  );
}

function memoryLimit(
  value: bigint | undefined,
  field: string,
  file: string,
  dialect: Dialect,
  out: Conversion,
): CgroupWrite | undefined {
  if (value === undefined) return undefined;
  if (value === 0n && dialect === 'runc') {
    out.ignored.push({ field, reason: 'runc takes 0 as unset' });
    return undefined;
  }
  if (value < -1n && dialect === 'runc') {
    out.problems.push(problem('FIELD_RANGE', field, { value, expected: '-1 (no limit) or more' }));
    return undefined;
  }
  return { file, value: limitText(value) };
}

function swapWrite({ memory }: Resources, options: V2Options, out: Conversion): CgroupWrite | undefined {
  const file = 'memory.swap.max';
  if (memory.swappiness === 0n && memory.swap === undefined && options.swappiness0 === 'swap-max') {
    return { file, value: '0', missingOk: true };
  }
  const swap = swapMax(memory, options.dialect);
  if ('problem' in swap) {
    out.problems.push(swap.problem);
    return undefined;
  }
  if (swap.bytes === undefined) {
    if (memory.swap === 0n) {
      out.ignored.push({ field: 'memory.swap', reason: 'runc takes 0 as unset; for no swap give the same as limit' });
    }
    return undefined;
  }
  const write = { file, value: limitText(swap.bytes) };
  // Where the kernel counts no swap, "none" and "no limit" hold by themselves.
  return options.dialect === 'crun' || swap.bytes <= 0n ? { ...write, missingOk: true } : write;
}

function oomKiller({ memory }: Resources, options: V2Options, out: Conversion): void {
  if (memory.disableOOMKiller !== true) return;
  if (options.oomKillerDisabled === 'oom-score-adj') out.writes.push({ file: OOM_SCORE_ADJ, value: '-1000' });
  else unsupported(true, 'memory.disableOOMKiller', options, out);
}

function cpu({ cpu }: Resources, options: V2Options, out: Conversion): void {
  const runc = options.dialect === 'runc';
  const zero = { field: 'cpu.shares', reason: '0 is unset' };
  const weight: CgroupWrite[] = [];
  if (cpu.shares === 0n) out.ignored.push(zero);
  else if (cpu.shares !== undefined) {
    const write = { file: 'cpu.weight', value: String(cpuWeight(cpu.shares, options.weightFormula)) };
    weight.push(cpu.idle === 1n ? { ...write, refusalOk: 'the kernel takes no weight while cpu.idle is 1' } : write);
  }
  const idle = cpu.idle === undefined ? [] : [{ file: 'cpu.idle', value: String(cpu.idle) }];
  const max = cpuMax(cpu.quota, cpu.period, runc);
  if (max === undefined) {
    for (const key of ['quota', 'period'] as const) {
      const value = cpu[key];
      if (value !== undefined) {
        out.ignored.push({
          field: `cpu.${key}`,
          reason: value === 0n ? '0 is unset' : 'crun writes no cpu.max for it',
        });
      }
    }
  }
  const limit = max === undefined ? [] : [{ file: 'cpu.max', value: max }];
  const burst: CgroupWrite[] = cpu.burst === undefined ? [] : [{ file: 'cpu.max.burst', value: String(cpu.burst) }];
  const retried = burst.map((write): CgroupWrite => (max === undefined ? write : { ...write, retryAfter: 'cpu.max' }));
  out.writes.push(...(runc ? [...idle, ...weight, ...retried, ...limit] : [...weight, ...idle, ...limit, ...burst]));
  unsupported(cpu.realtimePeriod !== undefined && cpu.realtimePeriod !== 0n, 'cpu.realtimePeriod', options, out);
  unsupported(cpu.realtimeRuntime !== undefined && cpu.realtimeRuntime !== 0n, 'cpu.realtimeRuntime', options, out);
}

function cpuMax(quota = 0n, period = 0n, runc: boolean): string | undefined {
  const wanted = runc ? quota !== 0n || period !== 0n : quota > 0n || period > 0n;
  if (!wanted) return undefined;
  // 100 ms is the kernel's own default (Documentation/admin-guide/cgroup-v2.rst).
  return `${quota > 0n ? quota : 'max'} ${period === 0n ? 100_000n : period}`;
}

function cpuset({ cpu }: Resources, _options: V2Options, out: Conversion): void {
  for (const [key, file] of [
    ['cpus', 'cpuset.cpus'],
    ['mems', 'cpuset.mems'],
  ] as const) {
    const list = cpu[key];
    if (list === '') out.ignored.push({ field: `cpu.${key}`, reason: 'empty inherits from the parent, as without it' });
    else if (list !== undefined) out.writes.push({ file, value: list });
  }
}

const IO_MAX_KEY: Readonly<Record<ThrottleKind, string>> = {
  ReadBps: 'rbps',
  WriteBps: 'wbps',
  ReadIOPS: 'riops',
  WriteIOPS: 'wiops',
};

function io({ blockIo }: Resources, options: V2Options, out: Conversion): void {
  const { weight } = blockIo;
  if (weight === 0n) out.ignored.push({ field: 'blockIO.weight', reason: '0 is unset' });
  else if (weight !== undefined) {
    out.writes.push(
      options.bfq
        ? { file: 'io.bfq.weight', value: String(weight) }
        : { file: 'io.weight', value: String(ioWeight(weight)) },
    );
  }
  unsupported(blockIo.leafWeight !== undefined && blockIo.leafWeight !== 0n, 'blockIO.leafWeight', options, out);
  blockIo.weightDevice.forEach((device, index) => {
    const field = `blockIO.weightDevice[${index}]`;
    if (device.leafWeight !== undefined && device.leafWeight !== 0n) {
      out.ignored.push({ field: `${field}.leafWeight`, reason: 'cgroup v2 has no leaf weights' });
    }
    if (device.weight === undefined || device.weight === 0n) return;
    if (options.bfq) {
      out.writes.push({ file: 'io.bfq.weight', value: `${device.major}:${device.minor} ${device.weight}` });
    } else if (options.dialect === 'crun') out.problems.push(problem('BFQ_NEEDED', field));
    else out.ignored.push({ field, reason: 'a weight for one device needs io.bfq.weight (the bfq scheduler)' });
  });
  for (const { kind, devices } of blockIo.throttle) {
    for (const { major, minor, rate } of devices) {
      out.writes.push({ file: 'io.max', value: `${major}:${minor} ${IO_MAX_KEY[kind]}=${rate}` });
    }
  }
}

function hugetlb({ hugepageLimits }: Resources, { dialect }: V2Options, out: Conversion): void {
  for (const { pageSize, limit } of hugepageLimits) {
    out.writes.push({ file: `hugetlb.${pageSize}.max`, value: String(limit) });
    if (dialect === 'runc') {
      out.writes.push({ file: `hugetlb.${pageSize}.rsvd.max`, value: String(limit), missingOk: true });
    }
  }
}

function rdma(resources: Resources, { dialect }: V2Options, out: Conversion): void {
  if (dialect === 'runc') out.writes.push(...rdmaWrites(resources));
  else if (resources.rdma.length > 0) out.ignored.push({ field: 'rdma', reason: 'crun writes no RDMA limits' });
}

/** Gives the writes of `rdma`, alike on v1 and v2: only the members that are set. */
export function rdmaWrites({ rdma }: Resources): CgroupWrite[] {
  return rdma.map(({ device, hcaHandles, hcaObjects }) => ({
    file: 'rdma.max',
    value: [
      device,
      ...(hcaHandles === undefined ? [] : [`hca_handle=${hcaHandles}`]),
      ...(hcaObjects === undefined ? [] : [`hca_object=${hcaObjects}`]),
    ].join(' '),
  }));
}

function network({ network }: Resources, options: V2Options, out: Conversion): void {
  unsupported(network !== undefined, 'network', options, out);
}

function devices({ devices }: Resources, _options: V2Options, out: Conversion): void {
  if (devices === undefined) return;
  out.ignored.push({
    field: 'devices',
    reason: 'on cgroup v2 device rules are a program, not a file: see hooks devices',
  });
}

function unified({ unified }: Resources, { dialect }: V2Options, out: Conversion): void {
  convertUnified(unified, dialect, out);
}

function unsupported(isSet: boolean, field: string, { dialect }: V2Options, out: Conversion): void {
  if (!isSet) return;
  if (dialect === 'crun') out.problems.push(problem('V2_UNSUPPORTED', field));
  else out.ignored.push({ field, reason: 'cgroup v2 has nothing like it' });
}
