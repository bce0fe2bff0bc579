import { describe, expect, it } from 'vitest';
import { numberMask } from '../../../../src/linux/systemd/number-mask.ts';

describe('numberMask', () => {
  it.each([
    ['0', [1]],
    ['0-3,8', [0x0f, 0x01]],
    [' 1 , 3-5 ,', [0b0011_1010]],
    ['15', [0, 0x80]],
    ['7,7-8', [0x80, 0x01]],
  ])('gives the little-endian bytes of %j', (list, bytes) => {
    expect(numberMask(list)).toEqual(bytes);
  });

  it.each(['', ' , ', '3-1', 'x', '-1', '1-', '0-8192', '99999'])('has none for %j', (list) => {
    expect(numberMask(list)).toBeUndefined();
  });
});
