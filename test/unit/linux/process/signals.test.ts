import { describe, expect, it } from 'vitest';
import { handsOnIgnoredPipe, maskToRestore } from '../../../../src/linux/process/signals.ts';

const PWR = 1n << 29n;

describe('maskToRestore', () => {
  it.each([
    ['blocks SIGPWR again when the parent blocks it and all else alike', '0000000000001000', '0000000020001000', PWR],
    ['blocks nothing when the parent does not block it', '0000000000001000', '0000000000001000', 0n],
    ['blocks nothing when the parent blocks other signals than we', '0000000000000000', '0000000020001000', 0n],
    ['blocks nothing when it is blocked already', '0000000020000000', '0000000020000000', 0n],
  ])('%s', (_what, own, parent, mask) => {
    expect(maskToRestore(`Name:\ta\nSigBlk:\t${own}\n`, `Name:\tb\nSigBlk:\t${parent}\n`)).toBe(mask);
  });

  it('blocks nothing when nothing is known of the parent', () => {
    expect(maskToRestore('SigBlk:\t0000000000000000\n', '')).toBe(0n);
  });
});

describe('handsOnIgnoredPipe', () => {
  it.each([
    ['conmon, which ignores it', 'Name:\tconmon\nSigIgn:\t0000000000001000\n', true],
    ['conmon, when it does not', 'Name:\tconmon\nSigIgn:\t0000000000000001\n', false],
    ['Node, which ignores it for itself', 'Name:\tnode\nSigIgn:\t0000000000001000\n', false],
    ['nobody', '', false],
  ])('judges %s', (_who, status, expected) => {
    expect(handsOnIgnoredPipe(status)).toBe(expected);
  });
});
