import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, literalPattern, PatternError, type RegexEngine } from '../../src/core/when/pattern.ts';
import { re2Engine } from '../../src/core/when/re2.ts';

// Few characters, so that pattern and text meet often; among them one beyond U+FFFF and the line break.
const CHARACTERS = ['a', 'b', '/', '-', 'ß', '😀', '\n', ' ', '\ufffd', ','];

const PIECES = [
  ...CHARACTERS,
  ...[
    '\\.',
    '\\/',
    '\\\\',
    '\\$',
    '\\^',
    '\\|',
    '\\(',
    '\\)',
    '\\*',
    '\\-',
    '\\"',
    '\\a',
    '\\n',
    '\\b',
    '\\d',
    '\\z',
    '\\_',
  ],
  ...[
    '^',
    '$',
    '|',
    '.*',
    '.',
    '.*',
    '|',
    '^',
    '$',
    '(',
    ')',
    '(?:',
    '[ab]',
    '[^a]',
    '[|]',
    ']',
    '{',
    '}',
    '[(]',
    '[)]',
  ],
  ...[
    '*',
    '+',
    '?',
    '{2}',
    '{0}',
    '{0,1}',
    '{,2}',
    '{1',
    '*?',
    '(?i)',
    '(?s)',
    '(?m)',
    '(?i:',
    '\\Qa|b',
    '\\Qa',
    '\\E',
    '\\A',
  ],
];

const piece = fc.constantFrom(...PIECES);
const anyPattern = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
const literal = fc
  .array(fc.constantFrom(...CHARACTERS, '\\.', '\\|', '\\$', '\\\\'), { maxLength: 4 })
  .map((all) => all.join(''));
const begin = fc.constantFrom('', '', '^', '.*', '^.*');
const end = fc.constantFrom('', '', '$', '.*', '.*$');
const simple = fc.tuple(begin, literal, end).map((parts) => parts.join(''));
const alternatives = fc.array(simple, { minLength: 2, maxLength: 4 }).map((all) => all.join('|'));
const exactAlternatives = fc
  .tuple(fc.constantFrom('^(', '^(?:'), fc.array(literal, { minLength: 1, maxLength: 4 }))
  .map(([open, all]) => `${open}${all.join('|')})$`);
const pattern = fc.oneof(anyPattern, simple, alternatives, exactAlternatives);
const text = fc
  .array(fc.constantFrom(...CHARACTERS, '.', '$', '|', '\\', '(', 'B', 'A', '"'), { maxLength: 7 })
  .map((all) => all.join(''));

const judge = (source: string, engine: RegexEngine, texts: readonly string[]): readonly boolean[] | 'refused' => {
  try {
    const test = engine(source);
    return texts.map(test);
  } catch (problem) {
    if (problem instanceof PatternError) return 'refused';
    throw problem;
  }
};

describe('compilePattern', () => {
  // Law: whatever a pattern's short cut, it decides as the engine does, and refuses what the engine refuses.
  it('decides as the engine alone', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 6 }), (source, texts) => {
        const withShortcuts = judge(source, (all) => compilePattern(all, re2Engine).test, texts);
        expect(withShortcuts).toEqual(judge(source, re2Engine, texts));
      }),
      { numRuns: 20_000, seed: 7 },
    );
  });

  // Law: a text made from the literal parts of a pattern is judged alike too; chance finds few such texts.
  it('decides as the engine on texts cut from the pattern', () => {
    fc.assert(
      fc.property(pattern, fc.nat(9), fc.nat(9), text, (source, from, length, around) => {
        const cut = source.replace(/\\([^A-Za-z0-9])/g, '$1').replace(/^\^|\$$|\.\*/g, '');
        const texts = [cut, cut.slice(from, from + length).toWellFormed(), around + cut, cut + around, `\n${cut}\n`];
        const withShortcuts = judge(source, (all) => compilePattern(all, re2Engine).test, texts);
        expect(withShortcuts).toEqual(judge(source, re2Engine, texts));
      }),
      { numRuns: 20_000, seed: 11 },
    );
  });

  // Law: `exact` is the one text that matches.
  it('names an exact text that matches, and no other does', () => {
    fc.assert(
      fc.property(literal, text, (source, other) => {
        const exact = literalPattern(`^${source}$`)?.exact;
        const test = re2Engine(`^${source}$`);
        expect(exact !== undefined && test(exact)).toBe(true);
        expect(test(other)).toBe(other === exact);
      }),
      { numRuns: 2_000, seed: 3 },
    );
  });
});

describe('re2Engine', () => {
  it('ends on the pattern that makes backtracking engines hang', () => {
    const test = re2Engine('^(a+)+$');
    expect(test('a'.repeat(100_000))).toBe(true);
    expect(test(`${'a'.repeat(100_000)}!`)).toBe(false);
  });
});
