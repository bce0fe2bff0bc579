/** What a person who wrote a pattern that RE2 refuses, or reads otherwise, most likely wanted. */
export interface PatternAdvice {
  readonly dialect: 'javascript' | 'posix';
  readonly hint?: string;
}

/** Made when a pattern was refused: a start has no use for them. */
const fragments = (): readonly (readonly [RegExp, PatternAdvice])[] => [
  [/^\(\?(?:=|!|<=|<!)/, { dialect: 'javascript', hint: 'a pattern without look-around' }],
  [/^\(\?(?:>|#|\||R|&)/, { dialect: 'javascript', hint: 'a pattern without atomic groups, comments and recursion' }],
  [/^\\[1-9]/, { dialect: 'javascript', hint: 'a pattern without back-references' }],
  [/^\\k/, { dialect: 'javascript', hint: 'a pattern without back-references' }],
  [/^\\u/, { dialect: 'javascript', hint: 'the character itself, or \\x{....} with its code point' }],
  [/^\\Z/, { dialect: 'javascript', hint: '\\z' }],
  [/^\\(?:h|R|X|K|G|c)/, { dialect: 'javascript' }],
  [/^(?:\*\+|\+\+|\?\+|\}\+)/, { dialect: 'javascript', hint: 'the quantifier once: RE2 never backtracks' }],
  [/^\[\^?\]/, { dialect: 'javascript', hint: '(?s:.) for any character' }],
  [/^\[?\[[.=]/, { dialect: 'posix', hint: 'the characters themselves' }],
  [
    /^\[?\[:/,
    {
      dialect: 'posix',
      hint: 'a class that RE2 has: alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit',
    },
  ],
];

/** Gives advice on the fragment that RE2 refused, when it is known from another dialect. */
export function adviseOnFragment(pattern: string, fragment: string): PatternAdvice | undefined {
  const at = pattern.indexOf(fragment);
  const around = at > 0 && pattern[at - 1] === '[' ? pattern.slice(at - 1) : fragment;
  return fragments().find(([known]) => known.test(fragment) || known.test(around))?.[1];
}

/** A piece of a valid pattern that means something else in POSIX or GNU tools, with what to write instead. */
export interface PosixPiece {
  readonly fragment: string;
  readonly hint: string;
}

const POSIX_ESCAPE = /\\[<>(]/;

/** Finds `\<` and `\>` (word ends) and `\( \| \)` (groups): RE2 takes them for plain characters. */
export function findPosixPiece(pattern: string): PosixPiece | undefined {
  if (!POSIX_ESCAPE.test(pattern)) return undefined;
  const plain = pattern.replaceAll('\\\\', '');
  const wordEnd = /\\[<>]/.exec(plain)?.[0];
  if (wordEnd !== undefined) return { fragment: wordEnd, hint: '\\b' };
  const group = plain.indexOf('\\(');
  const alternative = plain.indexOf('\\|', group);
  if (group >= 0 && alternative > group && plain.includes('\\)', alternative)) {
    return { fragment: '\\(', hint: '(…|…) without backslashes' };
  }
  return undefined;
}

const BARE_DOT = /[A-Za-z0-9]\.(?=[A-Za-z])/;
const EVERY_BARE_DOT = /([A-Za-z0-9])\.(?=[A-Za-z])/g;

/** Gives the pattern with its dots between letters escaped, when it has bare ones: `io.kubernetes` -> `io\.kubernetes`. */
export function escapeBareDots(pattern: string): string | undefined {
  if (!BARE_DOT.test(pattern) || pattern.includes('[')) return undefined;
  return pattern.replaceAll(EVERY_BARE_DOT, '$1\\.');
}
