import { describe, expect, it } from 'vitest';
import { compilePattern, literalPattern, PatternError, type RegexEngine } from '../../../../src/core/when/pattern.ts';

const noEngine: RegexEngine = (source) => {
  throw new PatternError('the engine was asked', source);
};

describe('literalPattern', () => {
  it.each([
    ['^name$', 'name'],
    ['^com\\.example\\.gpu$', 'com.example.gpu'],
    ['^$', ''],
    ['^a\\\\$', 'a\\'],
    ['^ß😀$', 'ß😀'],
  ])('knows the one text that %s matches', (source, exact) => {
    expect(literalPattern(source)?.exact).toBe(exact);
  });

  it.each(['', 'name', '^name', 'name$', '.*', '^.*', '.*name.*', 'a|b', '^a|b$', '^(a|b)$', '^(?:a|)$', 'a\\|b'])(
    'needs no engine for %j',
    (source) => {
      expect(() => compilePattern(source, noEngine)).not.toThrow();
    },
  );

  it.each([
    '^a\\$',
    'a.b',
    'a*',
    '[a]',
    '(a)',
    '(a|b)',
    '^(a|b',
    'a]',
    '\\Qa\\E',
    '\\d',
    '(?i)a',
    '^.*a',
    'a.*$',
    'a\\',
  ])('leaves %j to the engine', (source) => {
    expect(literalPattern(source)).toBeUndefined();
  });

  it.each([
    ['^a', 'ab', 'ba'],
    ['a$', 'ba', 'ab'],
    ['a', 'bab', 'b'],
    ['^a$', 'a', 'a\n'],
    ['a|^b', 'cba', 'cb'],
    ['^(a|b)$', 'b', 'ab'],
    ['.*a', '\n\na', '\n'],
    ['a.*', 'a\n', ''],
  ])('%j matches %j and not %j', (source, match, miss) => {
    const pattern = literalPattern(source);
    expect([pattern?.test(match), pattern?.test(miss)]).toEqual([true, false]);
  });
});

describe('compilePattern', () => {
  const asked: string[] = [];
  const recording: RegexEngine = () => (text) => {
    asked.push(text);
    return true;
  };

  it.each([
    ['^abc.d', 'xabc', false],
    ['^abc.d', 'abcxd', true],
    ['abc+', 'ab', false],
    ['abc*', 'ab', true],
    ['ab\\.?', 'ab', true],
    ['ab{0}', 'a', true],
    ['ab[|]|c', 'c', true],
    ['ab(c|d)|e', 'e', true],
    ['ab(c|d)', 'e', false],
    ['ab(|\\))|e', 'e', true],
  ])('%j on %j asks the engine: %s', (source, text, expected) => {
    asked.length = 0;
    expect(compilePattern(source, recording).test(text)).toBe(expected);
    expect(asked).toEqual(expected ? [text] : []);
  });
});
