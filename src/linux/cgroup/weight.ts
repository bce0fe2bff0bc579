/**
 * How cpu.shares becomes cpu.weight. `log`: runc since 1.3.2 and crun since 1.23, so that the default of one (1024) is
 * the default of the other (100). `linear`: earlier runtimes and gVisor, where 1024 becomes 39.
 */
export type WeightFormula = 'log' | 'linear';

/** Gives the cpu.weight (1 to 10000) for cpu.shares; shares beyond 2 to 262144 count as the nearest of the two. */
export function cpuWeight(shares: bigint, formula: WeightFormula): bigint {
  if (shares <= 2n) return 1n;
  if (shares >= 262_144n) return 10_000n;
  if (formula === 'linear') return 1n + ((shares - 2n) * 9999n) / 262_142n;
  const magnitude = Math.log2(Number(shares));
  return BigInt(Math.ceil(10 ** ((magnitude * magnitude + 125 * magnitude) / 612 - 7 / 34)));
}

/** Gives the io.weight (1 to 10000) for a blockIO weight (10 to 1000), linear, as runc and crun write the file. */
export function ioWeight(blockIoWeight: bigint): bigint {
  return 1n + ((blockIoWeight - 10n) * 9999n) / 990n;
}

/**
 * Gives systemd's IOWeight for a bfq weight, the inverse of what systemd does when it writes io.bfq.weight: the same up
 * to 100, then eleven for one. As crun sends it; it differs from `ioWeight` on purpose.
 */
export function systemdIoWeight(bfqWeight: bigint): bigint {
  return bfqWeight <= 100n ? bfqWeight : 100n + 11n * (bfqWeight - 100n);
}
