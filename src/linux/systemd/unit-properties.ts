import type { IgnoredField } from '../cgroup/cgroup-write.ts';
import { type Dialect, swapMax } from '../cgroup/memory-swap.ts';
import { type CgroupProblem, problem } from '../cgroup/problem.ts';
import type { Resources } from '../cgroup/resources.ts';
import { cpuWeight, systemdIoWeight, type WeightFormula } from '../cgroup/weight.ts';
import { INFINITY_U64, quotaPerSecond } from './cpu-quota.ts';
import { numberMask } from './number-mask.ts';

/** A property of a unit as SetUnitProperties takes it; the value's type follows from the D-Bus signature. */
export type UnitProperty =
  | { readonly name: string; readonly signature: 't'; readonly value: bigint }
  | { readonly name: string; readonly signature: 'ay'; readonly value: readonly number[] }
  | { readonly name: string; readonly signature: 'a(st)'; readonly value: readonly (readonly [string, bigint])[] };

/** How linux.resources become properties. */
export interface UnitPropertyOptions {
  readonly dialect: Dialect;
  readonly weightFormula: WeightFormula;
  readonly cgroup: 1 | 2;
  /** The number alone: 252 for "252.39-1~deb12u1". */
  readonly systemd: number;
}

interface Gathered {
  readonly options: UnitPropertyOptions;
  readonly properties: UnitProperty[];
  readonly ignored: IgnoredField[];
  readonly problems: CgroupProblem[];
}

/** The systemd that first knew a property (NEWS); those not listed are older than any systemd with cgroup v2. */
const SINCE: Readonly<Record<string, number>> = {
  CPUQuotaPeriodUSec: 242,
  AllowedCPUs: 244,
  AllowedMemoryNodes: 244,
  MemoryMin: 240,
  MemoryZSwapMax: 253,
};

/** CPUWeight=0 ("idle") is understood from here on. */
const IDLE_SINCE = 252;

/**
 * Gives the properties that the runtime would send for linux.resources, in its order; what this systemd does not know is
 * reported and left to the files. Device rules are not among them: they are a program.
 * Source: opencontainers/cgroups v0.0.8 systemd; crun src/libcrun/cgroup-systemd.c (append_resources).
 */
export function unitProperties(
  resources: Resources,
  options: UnitPropertyOptions,
): Pick<Gathered, 'properties' | 'ignored' | 'problems'> {
  const out: Gathered = { options, properties: [], ignored: [], problems: [] };
  if (options.dialect === 'crun') crunProperties(resources, out);
  else if (options.cgroup === 2) runcProperties(resources, out);
  else runcV1Properties(resources, out);
  return { properties: out.properties, ignored: out.ignored, problems: out.problems };
}

function runcProperties(resources: Resources, out: Gathered): void {
  const { memory, cpu, pidsLimit } = resources;
  limit(out, 'MemoryMax', 'memory.limit', nonZero(memory.limit));
  limit(out, 'MemoryLow', 'memory.reservation', nonZero(memory.reservation));
  const swap = swapMax(memory, 'runc');
  // Zero is sent by nobody: 0 is runc's own "unset", so only the file says "no swap".
  if ('bytes' in swap) limit(out, 'MemorySwapMax', 'memory.swap', nonZero(swap.bytes));
  const idle = cpu.idle === 1n && knowsIdle('cpu.idle', out);
  if (idle) add(out, 'CPUWeight', 'cpu.idle', 0n);
  const weight = nonZero(cpu.shares);
  if (weight !== undefined) {
    if (idle) out.ignored.push({ field: 'cpu.shares', reason: 'CPUWeight says idle, so no weight is sent to systemd' });
    else add(out, 'CPUWeight', 'cpu.shares', cpuWeight(weight, out.options.weightFormula));
  }
  runcCpuQuota(resources, out);
  if (pidsLimit !== undefined) limit(out, 'TasksMax', 'pids.limit', pidsLimit === 0n ? 1n : pidsLimit);
  cpuSets(resources, out);
  for (const [key, value] of resources.unified) runcUnified(key, value.trim(), resources, out);
}

function runcV1Properties(resources: Resources, out: Gathered): void {
  const { memory, cpu, blockIo, pidsLimit } = resources;
  limit(out, 'MemoryLimit', 'memory.limit', nonZero(memory.limit));
  const shares = nonZero(cpu.shares);
  if (shares !== undefined) add(out, 'CPUShares', 'cpu.shares', shares);
  runcCpuQuota(resources, out);
  const weight = nonZero(blockIo.weight);
  if (weight !== undefined) add(out, 'BlockIOWeight', 'blockIO.weight', weight);
  if (pidsLimit !== undefined) limit(out, 'TasksMax', 'pids.limit', pidsLimit === 0n ? 1n : pidsLimit);
  cpuSets(resources, out);
}

function crunProperties(resources: Resources, out: Gathered): void {
  const { memory, cpu, pidsLimit } = resources;
  const v2 = out.options.cgroup === 2;
  const file = (key: string): bigint | undefined => unifiedLimit(resources, key, out);
  limit(out, 'MemoryLow', 'memory.reservation', memory.reservation ?? file('memory.low'));
  limit(out, 'MemoryMax', 'memory.limit', memory.limit ?? file('memory.max'));
  // Memory and swap together, not subtracted: crun sends it so and mends it by the write that follows.
  limit(out, 'MemorySwapMax', 'memory.swap', memory.swap ?? file('memory.swap.max'));
  limit(out, 'TasksMax', 'pids.limit', nonZero(pidsLimit) ?? file('pids.max'));
  if (cpu.quota !== undefined && cpu.quota > 0n && nonZero(cpu.period) !== undefined) {
    add(out, 'CPUQuotaPerSecUSec', 'cpu.quota', quotaPerSecond(cpu));
    add(out, 'CPUQuotaPeriodUSec', 'cpu.period', cpu.period ?? 0n);
  }
  if (!v2) {
    const shares = nonZero(cpu.shares);
    if (shares !== undefined) add(out, 'CPUShares', 'cpu.shares', shares);
    return;
  }
  crunIoWeights(resources, out);
  crunCpuWeight(resources, out);
  for (const [name, key] of [
    ['MemoryMin', 'memory.min'],
    ['MemoryHigh', 'memory.high'],
    ['MemoryZSwapMax', 'memory.zswap.max'],
  ] as const) {
    limit(out, name, `unified.${key}`, file(key));
  }
  cpuSets(resources, out);
}

function runcCpuQuota({ cpu }: Resources, out: Gathered): void {
  sendCpuQuota(out, 'cpu', cpu.quota ?? 0n, cpu.period ?? 0n);
}

function sendCpuQuota(out: Gathered, field: string, quota: bigint, period: bigint): void {
  const fields = field === 'cpu' ? (['cpu.period', 'cpu.quota'] as const) : ([field, field] as const);
  if (period !== 0n) add(out, 'CPUQuotaPeriodUSec', fields[0], period);
  if (quota !== 0n || period !== 0n) add(out, 'CPUQuotaPerSecUSec', fields[1], quotaPerSecond({ quota, period }));
}

const RUNC_UNIFIED_LIMITS: Readonly<Record<string, string>> = {
  'memory.min': 'MemoryMin',
  'memory.low': 'MemoryLow',
  'memory.high': 'MemoryHigh',
  'memory.max': 'MemoryMax',
  'memory.swap.max': 'MemorySwapMax',
  'pids.max': 'TasksMax',
};

function runcUnified(key: string, value: string, resources: Resources, out: Gathered): void {
  const field = `unified.${key}`;
  const name = RUNC_UNIFIED_LIMITS[key];
  if (name !== undefined) {
    limit(out, name, field, limitValue(value, field, out));
  } else if (key === 'cpu.weight') {
    const idle = resources.unified.some(([other, text]) => other === 'cpu.idle' && text.trim() === '1');
    if (idle && out.options.systemd >= IDLE_SINCE) {
      out.ignored.push({ field, reason: 'CPUWeight says idle, so no weight is sent to systemd' });
    } else limit(out, 'CPUWeight', field, limitValue(value, field, out, false));
  } else if (key === 'cpu.idle') {
    if (value === '1' && knowsIdle(field, out)) add(out, 'CPUWeight', field, 0n);
  } else if (key === 'cpu.max') {
    const match = /^(max|\d{1,18})(?:\s+(\d{1,18}))?$/.exec(value);
    if (match === null) {
      out.problems.push(problem('FIELD_TEXT', field, { value: JSON.stringify(value), expected: '"QUOTA PERIOD"' }));
    } else {
      // Without a period runc takes the kernel's default and sends it.
      sendCpuQuota(out, field, match[1] === 'max' ? 0n : BigInt(match[1] ?? 0), BigInt(match[2] ?? 100_000));
    }
  } else if (key === 'cpuset.cpus') mask(out, 'AllowedCPUs', field, value);
  else if (key === 'cpuset.mems') mask(out, 'AllowedMemoryNodes', field, value);
}

function crunCpuWeight(resources: Resources, out: Gathered): void {
  const { cpu } = resources;
  const idle = resources.unified.some(([key, value]) => key === 'cpu.idle' && value.trim() === '1');
  const weight = cpu.shares === undefined ? unifiedLimit(resources, 'cpu.weight', out) : undefined;
  if (idle && (cpu.shares !== undefined || weight !== undefined)) {
    out.problems.push(problem('WEIGHT_AND_IDLE', cpu.shares === undefined ? 'unified.cpu.weight' : 'cpu.shares'));
  } else if (idle) {
    if (knowsIdle('unified.cpu.idle', out)) add(out, 'CPUWeight', 'unified.cpu.idle', 0n);
  } else if (cpu.shares !== undefined && cpu.shares !== 0n) {
    add(out, 'CPUWeight', 'cpu.shares', cpuWeight(cpu.shares, out.options.weightFormula));
  } else if (weight !== undefined) add(out, 'CPUWeight', 'unified.cpu.weight', weight);
}

function crunIoWeights({ blockIo, unified }: Resources, out: Gathered): void {
  const device = (number: string, weight: bigint): void => {
    out.properties.push({ name: 'IODeviceWeight', signature: 'a(st)', value: [[number, weight]] });
  };
  if (nonZero(blockIo.weight) !== undefined) {
    add(out, 'IOWeight', 'blockIO.weight', systemdIoWeight(blockIo.weight ?? 0n));
  }
  for (const { major, minor, weight } of blockIo.weightDevice) {
    if (weight !== undefined && weight !== 0n) device(`${major}:${minor}`, systemdIoWeight(weight));
  }
  for (const [key, text] of unified) {
    if (key !== 'io.weight' && key !== 'io.bfq.weight') continue;
    for (const line of text.split('\n').filter((each) => each.trim() !== '')) {
      const match = /^\s*(?:(default|\d{1,10}:\d{1,10})\s+)?(\d{1,5})\s*$/.exec(line);
      if (match === null) {
        const args = { value: JSON.stringify(line.slice(0, 64)), expected: 'a weight, or "MAJOR:MINOR WEIGHT"' };
        out.problems.push(problem('FIELD_TEXT', `unified.${key}`, args));
        continue;
      }
      const given = BigInt(match[2] ?? 0);
      const weight = key === 'io.bfq.weight' ? systemdIoWeight(given) : given;
      if (match[1] === undefined || match[1] === 'default') add(out, 'IOWeight', `unified.${key}`, weight);
      else device(match[1], weight);
    }
  }
}

function cpuSets({ cpu }: Resources, out: Gathered): void {
  if (cpu.cpus !== undefined && cpu.cpus !== '') mask(out, 'AllowedCPUs', 'cpu.cpus', cpu.cpus);
  if (cpu.mems !== undefined && cpu.mems !== '') mask(out, 'AllowedMemoryNodes', 'cpu.mems', cpu.mems);
}

function mask(out: Gathered, name: string, field: string, list: string): void {
  const value = numberMask(list);
  if (value !== undefined) {
    if (isKnown(out, name, field)) out.properties.push({ name, signature: 'ay', value });
    return;
  }
  const what = name === 'AllowedCPUs' ? 'CPUs' : 'memory nodes';
  const empty = /^[\s,]*$/.test(list);
  const args = { value: JSON.stringify(list.slice(0, 64)), expected: 'a list such as "0-3,8"' };
  out.problems.push(empty ? problem('CPUSET_EMPTY', field, { what }) : problem('FIELD_TEXT', field, args));
}

function unifiedLimit(resources: Resources, key: string, out: Gathered): bigint | undefined {
  const value = resources.unified.find(([other]) => other === key)?.[1];
  return value === undefined || value === '' ? undefined : limitValue(value.trim(), `unified.${key}`, out);
}

function limitValue(text: string, field: string, out: Gathered, maxAllowed = true): bigint | undefined {
  if (text === 'max' && maxAllowed) return INFINITY_U64;
  if (/^\d{1,20}$/.test(text) && BigInt(text) <= INFINITY_U64) return BigInt(text);
  const expected = maxAllowed ? 'a number or "max"' : 'a number';
  out.problems.push(problem('FIELD_TEXT', field, { value: JSON.stringify(text.slice(0, 64)), expected }));
  return undefined;
}

function knowsIdle(field: string, out: Gathered): boolean {
  if (out.options.systemd >= IDLE_SINCE) return true;
  out.ignored.push({
    field,
    reason: `systemd ${out.options.systemd} has no idle CPUWeight (since ${IDLE_SINCE}): file only`,
  });
  return false;
}

function limit(out: Gathered, name: string, field: string, value: bigint | undefined): void {
  if (value !== undefined) add(out, name, field, value < 0n ? INFINITY_U64 : value);
}

function add(out: Gathered, name: string, field: string, value: bigint): void {
  if (isKnown(out, name, field)) out.properties.push({ name, signature: 't', value });
}

function isKnown({ options, ignored }: Gathered, name: string, field: string): boolean {
  const since = SINCE[name] ?? 0;
  if (options.systemd >= since) return true;
  ignored.push({ field, reason: `systemd ${options.systemd} does not know ${name} (since ${since}): file only` });
  return false;
}

function nonZero(value: bigint | undefined): bigint | undefined {
  return value === 0n ? undefined : value;
}
