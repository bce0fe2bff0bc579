import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExactJson } from '../../src/core/oci/exact-json.ts';
import { resolveCgroupsPath } from '../../src/linux/cgroup/cgroups-path.ts';
import { planResources } from '../../src/linux/cgroup/resource-plan.ts';
import { cpuWeight } from '../../src/linux/cgroup/weight.ts';
import { numberMask } from '../../src/linux/systemd/number-mask.ts';

describe('laws of cgroup set-up', () => {
  // Law: exact JSON is JSON.parse, once its bigints are rounded to what a double holds.
  it('parses JSON as JSON.parse does', () => {
    const rounded = (_key: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value);
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseExactJson(text), rounded)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  // Law: an integer of any size comes back with its digits.
  it('keeps every integer', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (integer) => {
        const value = parseExactJson(`[${integer}]`);
        expect(value).toEqual([Number.isSafeInteger(Number(integer)) ? Number(integer) : integer]);
      }),
    );
  });

  // Law: more shares never weigh less, and a weight is one that the kernel takes.
  it.each(['log', 'linear'] as const)('weighs monotonously by the %s formula', (formula) => {
    const shares = fc.bigInt({ min: 1n, max: 300_000n });
    fc.assert(
      fc.property(shares, shares, (a, b) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        expect(cpuWeight(less, formula) <= cpuWeight(more, formula)).toBe(true);
        expect(cpuWeight(less, formula) >= 1n && cpuWeight(more, formula) <= 10_000n).toBe(true);
      }),
    );
  });

  // Law: a cgroupsPath, whatever it holds, resolves to a clean path below the root or to a problem.
  it('never leaves the hierarchy', () => {
    const part = fc.constantFrom('a', '..', '.', '', 'b.slice', 'x:y', 'a-b.slice:p:n', ':', '/');
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/')),
        fc.constantFrom('cgroupfs', 'systemd', undefined),
        fc.constantFrom('runc', 'crun', 'kata'),
        (cgroupsPath, driver, runtime) => {
          const resolved = resolveCgroupsPath({ cgroupsPath, id: 'c', driver, runtime });
          if ('problem' in resolved) return;
          expect(resolved.value.path).toMatch(/^(\/[^/]+)+$/);
          expect(resolved.value.path.split('/')).not.toContain('..');
        },
      ),
    );
  });

  // Law: swap is memory.swap.max plus the limit.
  it('takes the limit off the swap', () => {
    const bytes = fc.bigInt({ min: 1n, max: 2n ** 62n });
    fc.assert(
      fc.property(bytes, bytes, (limit, extra) => {
        const json = parseExactJson(`{"memory":{"limit":${limit},"swap":${limit + extra}}}`);
        expect(planResources(json, { cgroup: 2 }).writes).toContainEqual({
          file: 'memory.swap.max',
          value: String(extra),
        });
      }),
    );
  });

  // Law: bit N of the mask is set exactly for the numbers of the list.
  it('sets the bits of the list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 500 }), { minLength: 1 }), (numbers) => {
        const bits = (numberMask(numbers.join(',')) ?? []).flatMap((byte, index) =>
          [...Array(8).keys()].filter((bit) => (byte >> bit) & 1).map((bit) => index * 8 + bit),
        );
        expect(bits).toEqual(numbers.toSorted((a, b) => a - b));
      }),
    );
  });
});
