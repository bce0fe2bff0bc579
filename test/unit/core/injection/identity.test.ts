import { describe, expect, it } from 'vitest';
import { existingEntries, identityOf } from '../../../../src/core/injection/identity.ts';

describe('existingEntries', () => {
  it('knows an entry with empty and absent lists as the same hook', () => {
    const entries = existingEntries([{ path: '/a', args: [], env: null }]);
    expect(entries.has(identityOf({ path: '/a' }))).toBe(true);
  });

  it('passes over what has not the shape of a hook, however deep it is nested', () => {
    let deep: unknown = '/a';
    for (let depth = 0; depth < 50_000; depth++) deep = [deep];
    expect(existingEntries([{ path: deep }, { path: '/a', args: [deep] }, { path: '/a', timeout: deep }]).size).toBe(0);
  });
});
