/** Random choices that a seed repeats. */
export interface Random {
  /** An integer from 0 to below `bound`. */
  readonly below: (bound: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(choices: readonly T[]) => T;
  /** Between `least` and `most` values of `make`. */
  readonly some: <T>(least: number, most: number, make: () => T) => T[];
  readonly shuffled: <T>(values: readonly T[]) => T[];
}

/** Gives the choices of a seed (mulberry32: 32 bits of state are plenty for test cases). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(next() * bound);
  const pick = <T>(choices: readonly T[]): T => {
    if (choices.length === 0) throw new Error('nothing to pick from');
    return choices[below(choices.length)] as T; // as: the index is in range
  };
  return {
    below,
    chance: (probability) => next() < probability,
    pick,
    some: (least, most, make) => Array.from({ length: least + below(most - least + 1) }, make),
    shuffled: (values) => {
      const rest = [...values];
      const result: (typeof values)[number][] = [];
      while (rest.length > 0) result.push(...rest.splice(below(rest.length), 1));
      return result;
    },
  };
}
