/** A compiled pattern: tells whether it occurs anywhere in a text, as Go's regexp.MatchString does. */
export interface Pattern {
  readonly source: string;
  /** The one text that matches, for a pattern such as `^name$`: an index can hold it. */
  readonly exact?: string;
  readonly test: (text: string) => boolean;
}

/** A regex engine with Go's RE2 syntax: gives a test in linear time, or throws a `PatternError`. */
export type RegexEngine = (source: string) => (text: string) => boolean;

/** Thrown by a regex engine; `fragment` is the part of the pattern that is wrong. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
  readonly fragment: string;

  constructor(reason: string, fragment: string) {
    super(reason);
    this.fragment = fragment;
  }
}

/**
 * Compiles a pattern. One that is no more than literal text with anchors, alternatives or `.*` at its ends never reaches
 * the engine; any other is tried by its literal beginning first.
 */
export function compilePattern(source: string, engine: RegexEngine): Pattern {
  return literalPattern(source) ?? { source, test: withPrefilter(source, engine(source)) };
}

/** Gives the pattern when no engine is needed for it, else undefined. */
export function literalPattern(source: string): Pattern | undefined {
  const exact = exactText(source);
  if (exact !== undefined) return { source, exact, test: (text) => text === exact };
  const test = literalTest(source) ?? alternativesTest(source);
  return test && { source, test };
}

type Test = (text: string) => boolean;

// ASCII punctuation is itself when escaped, in RE2; letters and digits have meanings of their own.
const ESCAPED = /\\([!-/:-@[-`{-~])/g;
const LITERAL_RUN = /^(?:[^\\^$.|?*+()[\]{}]|\\[!-/:-@[-`{-~])*/;
const LITERAL = new RegExp(`${LITERAL_RUN.source}$`);

function unescapeLiteral(run: string): string {
  if (!run.includes('\\')) return run;
  // Where no backslash is itself escaped, all of them go.
  return run.includes('\\\\') ? run.replace(ESCAPED, '$1') : run.replaceAll('\\', '');
}

/** Gives the literal text that the whole of `source` stands for, or undefined when it has any other syntax. */
function literalText(source: string): string | undefined {
  return LITERAL.test(source) ? unescapeLiteral(source) : undefined;
}

function exactText(source: string): string | undefined {
  if (!source.startsWith('^') || !source.endsWith('$') || source.length < 2) return undefined;
  return literalText(source.slice(1, -1));
}

/** Literal text, anchored or not, with `.*` at an end where it changes nothing: it can match the empty text. */
function literalTest(source: string): Test | undefined {
  const atStart = source.startsWith('^');
  const withoutStart = atStart ? source.slice(1) : source.startsWith('.*') ? source.slice(2) : source;
  const atEnd = withoutStart.endsWith('$');
  const withoutEnd = atEnd ? withoutStart.slice(0, -1) : withoutStart.replace(/\.\*$/, '');
  const literal = literalText(withoutEnd);
  if (literal === undefined) return undefined;
  if (atStart && atEnd) return (text) => text === literal;
  if (atStart) return (text) => text.startsWith(literal);
  if (atEnd) return (text) => text.endsWith(literal);
  return literal === '' ? () => true : (text) => text.includes(literal);
}

/** `a|^b` and `^(a|b)$`, where each alternative is literal. */
function alternativesTest(source: string): Test | undefined {
  const group = /^\^\((?:\?:)?([^()]*)\)\$$/.exec(source)?.[1];
  const anchored = group !== undefined;
  const parts = splitAlternatives(group ?? source);
  if (parts.length < 2) return undefined;
  const tests: Test[] = [];
  for (const part of parts) {
    const test = anchored ? exactAlternative(part) : literalTest(part);
    if (!test) return undefined;
    tests.push(test);
  }
  return (text) => tests.some((test) => test(text));
}

function exactAlternative(part: string): Test | undefined {
  const literal = literalText(part);
  return literal === undefined ? undefined : (text) => text === literal;
}

/** Splits at each `|` that no backslash escapes; groups and classes are left to the caller, whose parts then fail. */
function splitAlternatives(source: string): string[] {
  return source.includes('|') ? source.split(/(?<!(?<!\\)(?:\\\\)*\\)\|/) : [source];
}

// A quantifier belongs to the last character only; RE2 lets it stand behind flags or an empty quote, `a(?i)*`, `a\Q\E?`.
const PREFIX_END_IS_REPEATED = /^(?:[?*{]|\+?\??(?:\(\?[A-Za-z-]*\)|\\Q))/;

/** Most patterns start with literal text; a text that does not hold it cannot match, and the engine is spared. */
function withPrefilter(source: string, test: Test): Test {
  const atStart = source.startsWith('^');
  const rest = atStart ? source.slice(1) : source;
  if (hasTopLevelAlternative(rest)) return test;
  let run = LITERAL_RUN.exec(rest)?.[0] ?? '';
  if (PREFIX_END_IS_REPEATED.test(rest.slice(run.length))) run = run.replace(/(?:\\[\s\S]|[^\\])$/u, '');
  const literal = unescapeLiteral(run);
  const required = requiredText(rest);
  const isLonger = required.length > literal.length;
  const withRequired: Test = isLonger ? (text) => text.includes(required) && test(text) : test;
  if (literal === '') return withRequired;
  if (atStart) return (text) => text.startsWith(literal) && withRequired(text);
  return isLonger ? withRequired : (text) => text.includes(literal) && test(text);
}

// Any of these may change what the text around it means: letter case, a quote, a code point's number, a repeat.
const UNCERTAIN = /\\(?![dswbDSWBAz])[A-Za-z0-9]|\(\?[A-Za-z-]+[:)]/;

/**
 * Gives the longest literal text that stands outside groups, classes and repeats: every match holds it. Empty where
 * there is none, or where it is hard to tell.
 */
function requiredText(source: string): string {
  if (UNCERTAIN.test(source)) return '';
  let longest = '';
  let run = '';
  const end = () => {
    if (run.length > longest.length) longest = run;
    run = '';
  };
  for (let index = 0; index < source.length; index++) {
    const character = source[index] ?? '';
    if ('?*+{'.includes(character)) {
      // A quantifier belongs to the last character only.
      run = run.replace(/[\s\S]$/u, '');
      end();
      index += (/^\{\d*,?\d*\}/.exec(source.slice(index))?.[0].length ?? 1) - 1;
    } else if (character === '(' || character === '[') {
      end();
      index = character === '(' ? endOfGroup(source, index) : endOfClass(source, index);
    } else if (character === '\\' && /[!-/:-@[-`{-~]/.test(source[index + 1] ?? '')) {
      run += source[++index];
    } else if (character === '\\') {
      end();
      index++;
    } else if ('.^$)]}'.includes(character)) {
      end();
    } else {
      run += character;
    }
  }
  end();
  return longest;
}

/** Gives the offset of the bracket that ends the group that starts at `start`. */
function endOfGroup(source: string, start: number): number {
  let depth = 0;
  for (let index = start; index < source.length; index++) {
    const character = source[index];
    if (character === '\\') index++;
    else if (character === '[') index = endOfClass(source, index);
    else if (character === '(') depth++;
    else if (character === ')' && --depth === 0) return index;
  }
  return source.length;
}

/** Gives the offset of the bracket that ends the class that starts at `start`; the first member may be a bracket. */
function endOfClass(source: string, start: number): number {
  const length = /^\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]/.exec(source.slice(start))?.[0].length;
  return length === undefined ? source.length : start + length - 1;
}

/** Whether a `|` may stand outside all groups; where that is hard to tell (classes, quotes) the answer is yes. */
function hasTopLevelAlternative(source: string): boolean {
  if (!source.includes('|')) return false;
  if (source.includes('[') || source.includes('\\Q')) return true;
  let depth = 0;
  for (let index = 0; index < source.length; index++) {
    const character = source[index];
    if (character === '\\') index++;
    else if (character === '(') depth++;
    else if (character === ')') depth--;
    else if (character === '|' && depth === 0) return true;
  }
  return false;
}
