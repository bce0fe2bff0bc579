import { describe, expect, it } from 'vitest';
import { nearest } from '../../../../src/core/diagnostic/nearest.ts';

const STAGES = ['prestart', 'poststart', 'poststop', 'createRuntime'];

describe('nearest', () => {
  it.each([
    ['preStart', 'prestart'],
    ['post-start', 'poststart'],
    ['posttsop', 'poststop'],
    ['createruntime', 'createRuntime'],
    ['shutdown', undefined],
    ['', undefined],
    ['prestart', undefined],
  ])('takes %j for %j', (text, meant) => {
    expect(nearest(text, text === 'prestart' ? ['prestart'] : STAGES)).toBe(meant);
  });

  it('prefers a name that differs in letter case only', () => {
    expect(nearest('HOOK', ['hock', 'hook'])).toBe('hook');
  });

  it('finds nothing near a name of one or two letters', () => {
    expect(nearest('b', ['a', 'cd'])).toBeUndefined();
  });

  it('compares very long texts without letter case only', () => {
    const long = 'a'.repeat(100_000);
    expect(nearest(long, [`${long}b`, long.toUpperCase()])).toBe(long.toUpperCase());
  });
});
