import type { Random } from './random.ts';

/** A pattern and texts near it: one that it was built to match, and bent copies of that. */
export interface PatternSample {
  readonly pattern: string;
  readonly example: string;
}

// Nothing newer than Unicode 10, so that the tables of both engines agree; K (U+212A), ſ and ẞ fold onto others.
const LITERALS = [
  ...'abckKsSxyz019_-/.: ',
  'é',
  'ß',
  'ẞ',
  'ſ',
  '\u212a',
  'σ',
  'ς',
  'Σ',
  'İ',
  'ı',
  '日',
  '😀',
  '\u2028',
];

const CLASSES: readonly PatternSample[] = [
  { pattern: '[a-c]', example: 'b' },
  { pattern: '[^a-c]', example: 'z' },
  { pattern: '[]a]', example: ']' },
  { pattern: '[^]a]', example: 'b' },
  { pattern: '[a-]', example: '-' },
  { pattern: '[-a]', example: '-' },
  { pattern: '[[:alpha:]]', example: 'q' },
  { pattern: '[[:^digit:]x]', example: 'x' },
  { pattern: '[[:word:]-]', example: '_' },
  { pattern: '[\\d_]', example: '7' },
  { pattern: '[^\\S]', example: '\t' },
  { pattern: '[\\x41-\\x{5A}]', example: 'Q' },
  { pattern: '[\\pL\\]]', example: 'é' },
  { pattern: '\\d', example: '5' },
  { pattern: '\\D', example: 'd' },
  { pattern: '\\w', example: 'w' },
  { pattern: '\\W', example: '-' },
  { pattern: '\\s', example: '\n' },
  { pattern: '\\S', example: '\v' },
  { pattern: '\\pL', example: 'ß' },
  { pattern: '\\PL', example: '1' },
  { pattern: '\\p{Greek}', example: 'σ' },
  { pattern: '\\p{^Greek}', example: 's' },
  { pattern: '\\p{Lu}', example: 'Σ' },
  { pattern: '\\p{Any}', example: '日' },
  { pattern: '.', example: '\u2028' },
  { pattern: '.', example: '\r' },
  { pattern: '\\x{1F600}', example: '😀' },
  { pattern: '\\x61', example: 'a' },
  { pattern: '\\141', example: 'a' },
  { pattern: '\\012', example: '\n' },
  { pattern: '\\a', example: '\x07' },
  { pattern: '\\f', example: '\f' },
  { pattern: '\\v', example: '\v' },
  { pattern: '\\t', example: '\t' },
  { pattern: '\\"', example: '"' },
  { pattern: '\\-', example: '-' },
  { pattern: '\\Q.*\\E', example: '.*' },
  { pattern: '\\Qa+', example: 'a+' },
  { pattern: 'a{,2}', example: 'a{,2}' },
  { pattern: 'a{1', example: 'a{1' },
  { pattern: '{', example: '{' },
  { pattern: '}', example: '}' },
  { pattern: ']', example: ']' },
];

const EMPTY = [
  '^',
  '$',
  '\\A',
  '\\z',
  '\\b',
  '\\B',
  '',
  '(?i)',
  '(?s)',
  '(?m)',
  '(?U)',
  '(?-i)',
  '(?ii)',
  '(?im-s)',
  '()',
  '(|)',
];

const REPEATS: readonly { readonly operator: string; readonly times: number }[] = [
  { operator: '*', times: 0 },
  { operator: '*', times: 2 },
  { operator: '*?', times: 1 },
  { operator: '+', times: 1 },
  { operator: '+?', times: 3 },
  { operator: '?', times: 0 },
  { operator: '??', times: 1 },
  { operator: '{2}', times: 2 },
  { operator: '{1,}', times: 2 },
  { operator: '{0,3}', times: 3 },
  { operator: '{0,0}', times: 0 },
  { operator: '{2,3}?', times: 2 },
];

/** Fragments that RE2 refuses, or reads in a way of its own; most make the whole pattern invalid. */
const ODD = [
  '(',
  ')',
  '[',
  '[^',
  '[]',
  '[^]',
  '*',
  '+',
  '?',
  '**',
  '++',
  '{2}{3}',
  '{1001}',
  '{2,1}',
  '{3,2}',
  '^*',
  '^{2}',
  '$+',
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '(?<!a)',
  '(?>a)',
  '(?#a)',
  '(?x)',
  '(?P=n)',
  '(?P<n>a)',
  '(?P<1n>a)',
  '(?P<é>a)',
  '(?P<>a)',
  '(?P<n',
  '(?',
  '(?i',
  '(?i-)',
  '(?-)',
  '(?z)',
  '(?:',
  '\\1',
  '\\8',
  '\\Z',
  '\\C',
  '\\G',
  '\\R',
  '\\X',
  '\\h',
  '\\K',
  '\\cA',
  '\\u0041',
  '\\e',
  '\\k<n>',
  '\\p{Script=Greek}',
  '\\p{letter}',
  '\\p{',
  '\\p',
  '\\pX',
  '\\x',
  '\\x{',
  '\\x{110000}',
  '\\xZ',
  '[z-a]',
  '[a-\\d]',
  '[\\b]',
  '[a--b]',
  '[[:foo:]]',
  '[[:alpha]',
  '[[.a.]]',
  '\\',
  '\\é',
  '\\777',
  '\\08',
  '\\00',
  '(?i:ſ|\u212a)',
  '(?s:.)',
  '(?m:^a$)',
] as const;

/** Gives a pattern, valid in RE2's syntax or now and then not, and a text it is likely to match. */
export function randomPattern(random: Random, syntax: 'valid' | 'any'): PatternSample {
  const kind = random.below(10);
  if (kind < 2) return literalPattern(random);
  const built = alternation(random, 3);
  if (kind < 7 || syntax === 'valid') return built;
  const at = random.below(built.pattern.length + 1);
  return { pattern: built.pattern.slice(0, at) + random.pick(ODD) + built.pattern.slice(at), example: built.example };
}

/** Gives patterns of the kinds that need no regex engine: `^key$`, a prefix, plain text, escaped dots. */
export function literalPattern(random: Random): PatternSample {
  const text = random.pick([
    'com.example.gpu',
    'io.kubernetes/x',
    'a',
    'ab',
    'A',
    '',
    'k',
    'ſ',
    'true',
    'x-y',
    '😀',
    'a.b',
    '/usr/bin/sh',
    'sh',
    '__proto__',
    'constructor',
  ]);
  const escaped = random.chance(0.7) ? text.replaceAll('.', '\\.') : text;
  const start = random.pick(['', '^', '^', '\\A', '(?:', '^(', '(?i)^', '(?m)^', '^^']);
  const end = start.endsWith('(') || start.endsWith('(?:') ? ')' : '';
  return {
    pattern: `${start}${escaped}${end}${random.pick(['', '$', '$', '\\z', '.*', '.*$', '.+', '$$'])}`,
    example: text,
  };
}

/** Gives texts on both sides of the border: the example, and copies with small changes. */
export function nearby(random: Random, example: string): string {
  const points = [...example];
  const at = random.below(points.length + 1);
  switch (random.below(9)) {
    case 0:
      return points.toSpliced(at, 1).join('');
    case 1:
      return points.toSpliced(at, 0, random.pick(LITERALS)).join('');
    case 2:
      return points.toSpliced(at, 1, random.pick(LITERALS)).join('');
    case 3:
      return `${example}${random.pick(['\n', '\r', ' ', 'x', '\ud800'])}`;
    case 4:
      return `${random.pick(['\n', 'x', '\udc00', '/'])}${example}`;
    case 5:
      return random.chance(0.5) ? example.toUpperCase() : example.toLowerCase();
    case 6:
      return `${example}\n${example}`;
    default:
      return example;
  }
}

function alternation(random: Random, depth: number): PatternSample {
  const branches = random.some(1, random.chance(0.3) ? 3 : 1, () => sequence(random, depth));
  return { pattern: branches.map((branch) => branch.pattern).join('|'), example: random.pick(branches).example };
}

function sequence(random: Random, depth: number): PatternSample {
  const parts = random.some(random.chance(0.05) ? 0 : 1, 4, () => repeated(random, depth));
  return { pattern: parts.map((part) => part.pattern).join(''), example: parts.map((part) => part.example).join('') };
}

function repeated(random: Random, depth: number): PatternSample {
  const base = atom(random, depth);
  if (!random.chance(0.3)) return base;
  const { operator, times } = random.pick(REPEATS);
  return { pattern: base.pattern + operator, example: base.example.repeat(times) };
}

function atom(random: Random, depth: number): PatternSample {
  const kind = random.below(12);
  if (kind < 6) return escapedLiteral(random.pick(LITERALS));
  if (kind < 8) return random.pick(CLASSES);
  if (kind < 9) return { pattern: random.pick(EMPTY), example: '' };
  if (kind < 10) return randomClass(random);
  if (depth === 0) return { pattern: 'a', example: 'a' };
  const inner = alternation(random, depth - 1);
  const open = random.pick(['(', '(?:', '(?:', '(?i:', '(?s:', '(?-s:', '(?P<name>', '(?P<n_1>', '(?mi:']);
  return { pattern: `${open}${inner.pattern})`, example: inner.example };
}

function randomClass(random: Random): PatternSample {
  const members = random.some(1, 3, () => random.pick(LITERALS));
  const text = members.map((member) => (member === '-' ? '\\-' : member)).join('');
  return { pattern: random.chance(0.8) ? `[${text}]` : `[^${text}]`, example: random.pick(members) };
}

function escapedLiteral(text: string): PatternSample {
  return { pattern: text.replace(/[.]/g, '\\$&'), example: text };
}
