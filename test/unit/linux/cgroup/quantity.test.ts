import { describe, expect, it } from 'vitest';
import { parseQuantity } from '../../../../src/linux/cgroup/quantity.ts';

describe('parseQuantity', () => {
  it.each<[string, bigint]>([
    ['250m', 250n],
    ['1', 1000n],
    ['1.5', 1500n],
    ['.5', 500n],
    ['2.', 2000n],
    ['160Mi', 160n * 2n ** 20n * 1000n],
    ['1.5Gi', 1536n * 2n ** 20n * 1000n],
    ['2e3', 2_000_000n],
    ['2E-3', 2n],
    ['1E', 10n ** 21n],
    ['129M', 129n * 10n ** 9n],
    ['0', 0n],
    ['1u', 1n],
    ['1001u', 2n],
    ['1000000n', 1n],
  ])('reads %s in thousandths, rounded up', (text, value) => {
    expect(parseQuantity(text)).toBe(value);
  });

  it.each(['', '-1', 'm', '.', '1 Mi', '1mi', '1KiB', '0x1', 'Infinity', '1e', '1e100', '9'.repeat(19)])(
    'refuses %s',
    (text) => {
      expect(parseQuantity(text)).toBeUndefined();
    },
  );
});
