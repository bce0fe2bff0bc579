import { describe, expect, it } from 'vitest';
import { cpuWeight, ioWeight, systemdIoWeight } from '../../../../src/linux/cgroup/weight.ts';

describe('cpuWeight', () => {
  it.each([
    [1n, 1n],
    [2n, 1n],
    [3n, 2n],
    [512n, 59n],
    [1024n, 100n],
    [2048n, 174n],
    [262_143n, 10_000n],
    [262_144n, 10_000n],
    [2n ** 64n - 1n, 10_000n],
  ])('turns %d shares into %d by the logarithmic formula', (shares, weight) => {
    expect(cpuWeight(shares, 'log')).toBe(weight);
  });

  it.each([
    [1n, 1n],
    [2n, 1n],
    [1024n, 39n],
    [262_144n, 10_000n],
    [2n ** 63n, 10_000n],
  ])('turns %d shares into %d by the linear formula', (shares, weight) => {
    expect(cpuWeight(shares, 'linear')).toBe(weight);
  });
});

describe('ioWeight', () => {
  it.each([
    [10n, 1n],
    [100n, 910n],
    [500n, 4950n],
    [1000n, 10_000n],
  ])('turns %d into %d', (weight, converted) => {
    expect(ioWeight(weight)).toBe(converted);
  });
});

describe('systemdIoWeight', () => {
  it.each([
    [50n, 50n],
    [100n, 100n],
    [200n, 1200n],
    [1000n, 10_000n],
  ])('turns %d into %d', (weight, converted) => {
    expect(systemdIoWeight(weight)).toBe(converted);
  });
});
