import { describe, expect, it } from 'vitest';
import { slicePath } from '../../../../src/linux/systemd/slice.ts';

describe('slicePath', () => {
  it.each([
    ['a.slice', '/a.slice'],
    ['a-b-c.slice', '/a.slice/a-b.slice/a-b-c.slice'],
    ['-.slice', '/'],
    [
      'kubepods-burstable-podc0ffee_1.slice',
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podc0ffee_1.slice',
    ],
    ['a b._.slice', '/a b._.slice'],
  ])('expands %s', (slice, path) => {
    expect(slicePath(slice)).toBe(path);
  });

  it.each([
    '',
    '.slice',
    'a',
    'a.scope',
    'a--b.slice',
    '-a.slice',
    'a-.slice',
    '--.slice',
    'a/b.slice',
    `${'a-'.repeat(200)}b.slice`,
  ])('refuses %j', (slice) => {
    expect(slicePath(slice)).toBeUndefined();
  });
});
