import { describe, expect, it } from 'vitest';
import { program, verdict } from '../requirement.ts';

describe('program', () => {
  it('misses nothing when the program is in PATH', () => {
    expect(program('sh').missing()).toBeUndefined();
  });

  it('names the program that is not in PATH', () => {
    expect(program('no-such-program').missing()).toContain('no-such-program');
  });
});

describe('verdict', () => {
  it('runs tests that miss nothing', () => {
    expect(verdict([], true)).toBe('run');
  });

  it('skips tests that miss something', () => {
    expect(verdict(['needs root'], false)).toBe('skip');
  });

  it('fails instead of skipping under HOOKS_TEST_STRICT=1', () => {
    expect(verdict(['needs root'], true)).toBe('fail');
  });
});
