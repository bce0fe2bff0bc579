import { describe, expect, it } from 'vitest';
import { parseState } from '../../../../src/core/oci/state.ts';

const STATE = { ociVersion: '1.0.2', id: 'c1', status: 'created', pid: 7, bundle: '/b', annotations: { a: 'b' } };
const parse = (change: object) => parseState(JSON.stringify({ ...STATE, ...change }));

describe('parseState', () => {
  it('gives what helpers need', () => {
    expect(parse({})).toEqual({
      state: { id: 'c1', status: 'created', pid: 7, bundle: '/b', annotations: { a: 'b' } },
    });
  });

  it('takes pid 0, -1 and an absent pid for none, as at poststop', () => {
    for (const pid of [0, -1]) expect(parse({ pid })).toMatchObject({ state: { pid: undefined } });
    expect(parse({ pid: undefined })).toMatchObject({ state: { pid: undefined } });
  });

  it.each([
    { id: '../../etc' },
    { id: '..' },
    { id: '' },
    { id: 5 },
    { id: 'a/b' },
    { bundle: 'relative' },
    { bundle: '/a\0b' },
    { pid: -2 },
    { pid: '7' },
    { annotations: 'x' },
  ])('refuses %j', (change) => {
    expect(parse(change)).toHaveProperty('reason');
  });

  it('refuses what is no object', () => {
    expect(parseState('[]')).toHaveProperty('reason');
    expect(parseState('{')).toHaveProperty('reason');
  });
});
