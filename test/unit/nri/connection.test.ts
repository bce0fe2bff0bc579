import { describe, expect, it } from 'vitest';
import { waitBefore } from '../../../src/nri/connection.ts';

describe('waitBefore', () => {
  it('doubles from a tenth of a second to five seconds, less by chance at most a half', () => {
    expect([0, 1, 2, 5, 6, 100].map((failures) => waitBefore(failures, 0))).toEqual([100, 200, 400, 3200, 5000, 5000]);
    expect(waitBefore(100, 1)).toBe(2500);
  });
});
