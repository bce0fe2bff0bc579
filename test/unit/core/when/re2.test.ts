import { describe, expect, it } from 'vitest';
import { PatternError } from '../../../../src/core/when/pattern.ts';
import { re2Engine } from '../../../../src/core/when/re2.ts';

// What Go's regexp takes and refuses, where JavaScript differs.
describe('re2Engine', () => {
  it.each([
    ['(?i)AB(?-i)c', 'abc', 'abC'],
    ['\\Aab\\z', 'ab', 'ab\n'],
    ['\\Qa.b', 'xa.b', 'axb'],
    ['(?P<n>a)(?<n>b)', 'ab', 'ba'],
    ['[[:alpha:]]', 'a', '1'],
    ['^\\pL$', 'é', '1'],
    ['^\\p{Greek}$', 'α', 'a'],
    ['^\\x{1F600}$', '😀', 'x'],
    ['^\\141$', 'a', '1'],
    ['[]a]', ']', 'b'],
    ['^*a', 'a', 'b'],
    ['^a{,2}$', 'a{,2}', 'aa'],
    ['^a{1$', 'a{1', 'a'],
    ['^.$', '\r', '\n'],
    ['^\\s$', '\t', '\u000b'],
    ['(?s)^.$', '\n', ''],
  ])('%s matches %j and not %j', (pattern, match, miss) => {
    const test = re2Engine(pattern);
    expect([test(match), test(miss)]).toEqual([true, false]);
  });

  it.each([
    ...[
      '(?=a)',
      '(?<!a)',
      '(a)\\1',
      '\\Z',
      '\\C',
      '\\h',
      '\\cA',
      '\\u0041',
      '\\e',
      '\\k<n>',
      '\\p{Script=Greek}',
      '\\p{letter}',
    ],
    ...[
      '(?x)a',
      '(?#a)',
      '(?>a)',
      'a**',
      'a++',
      'a{2}{3}',
      'a{1001}',
      '(a{100}){11}',
      '[^]',
      '[]',
      '[z-a]',
      '[a-\\d]',
      '[[:word-:]]',
    ],
    ...['(?P<é>a)', '(', ')', '*', 'a\\'],
  ])('refuses %s', (pattern) => {
    expect(() => re2Engine(pattern)).toThrow(PatternError);
  });
});
