import { type CgroupProblem, problem } from './problem.ts';
import type { MemoryResources } from './resources.ts';

/** Which runtime's reading of linux.resources is followed: runc's lenient one or crun's strict one. */
export type Dialect = 'runc' | 'crun';

/** What memory.swap.max gets: bytes, -1 for no limit, undefined for no write; or why there is no answer. */
export type SwapMax = { readonly bytes: bigint | undefined } | { readonly problem: CgroupProblem };

/**
 * Converts `memory.swap` (memory and swap together, as v1 counts) to memory.swap.max (swap alone).
 *
 * runc: 0 is unset, and a limit of -1 alone lifts the swap limit too. crun: 0 is "no swap", nothing is implied.
 * Source: opencontainers/cgroups ConvertMemorySwapToCgroupV2Value; crun write_memory_swap.
 */
export function swapMax({ limit, swap }: MemoryResources, dialect: Dialect): SwapMax {
  if (swap === undefined || (swap === 0n && dialect === 'runc')) {
    return { bytes: dialect === 'runc' && limit === -1n ? -1n : undefined };
  }
  if (swap < 0n) {
    return swap === -1n || dialect === 'crun'
      ? { bytes: -1n }
      : { problem: problem('FIELD_RANGE', 'memory.swap', { value: swap, expected: '-1 or more' }) };
  }
  if (swap === 0n || limit === -1n) return { bytes: swap };
  const lacksLimit = limit === undefined || (limit === 0n && dialect === 'runc');
  if (lacksLimit) return { problem: problem('SWAP_WITHOUT_LIMIT', 'memory.swap', { swap }) };
  if (limit < 0n) return { problem: problem('SWAP_WITH_NEGATIVE_LIMIT', 'memory.swap', { swap, limit }) };
  if (swap < limit) return { problem: problem('SWAP_BELOW_LIMIT', 'memory.swap', { swap, limit }) };
  return { bytes: swap - limit };
}
