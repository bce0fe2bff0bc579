/** systemd's word for "no limit" in every uint64 property (USEC_INFINITY, CGROUP_LIMIT_MAX). */
export const INFINITY_U64: bigint = 2n ** 64n - 1n;

/** The kernel's own cpu.max period, in microseconds. */
const DEFAULT_PERIOD = 100_000n;

/** A quota and its period in microseconds, as in linux.resources: quota <= 0 is no limit, period 0 the default. */
export interface CpuQuota {
  readonly quota: bigint | undefined;
  readonly period: bigint | undefined;
}

/**
 * Gives CPUQuotaPerSecUSec: microseconds of CPU time a second, rounded up to 10 ms, one per cent. runc and crun both
 * round so; systemd itself would not.
 */
export function quotaPerSecond(cpu: CpuQuota): bigint {
  if (cpu.quota === undefined || cpu.quota <= 0n) return INFINITY_U64;
  const rounded = ((exactPerSecond(cpu) + 9_999n) / 10_000n) * 10_000n;
  return rounded > INFINITY_U64 ? INFINITY_U64 : rounded;
}

/**
 * Gives the quota that runc writes under systemd: the one that the rounding amounts to, so that the file does not differ
 * from the unit.
 */
export function runcQuota(cpu: CpuQuota): bigint | undefined {
  if (cpu.quota === undefined || cpu.quota <= 0n || exactPerSecond(cpu) % 10_000n === 0n) return cpu.quota;
  return (quotaPerSecond(cpu) * periodOf(cpu)) / 1_000_000n;
}

function exactPerSecond(cpu: CpuQuota): bigint {
  return ((cpu.quota ?? 0n) * 1_000_000n) / periodOf(cpu);
}

function periodOf({ period }: CpuQuota): bigint {
  return period === undefined || period === 0n ? DEFAULT_PERIOD : period;
}
