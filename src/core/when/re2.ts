import { RE2JS, RE2JSException, RE2JSSyntaxException } from 're2js';
import { PatternError, type RegexEngine } from './pattern.ts';

/** Go's regular expressions, through re2js: RE2 syntax, linear in the text, never backtracking. */
export const re2Engine: RegexEngine = (source) => {
  const regex = compile(source);
  return (text) => regex.test(text);
};

function compile(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (problem) {
    const rewritten = withGoReading(source, problem);
    if (rewritten === undefined) throw patternError(problem, source);
    return compile(rewritten);
  }
}

/** Gives the pattern in words that re2js takes, where it refuses what Go takes; undefined where both refuse. */
function withGoReading(source: string, problem: unknown): string | undefined {
  if (!(problem instanceof RE2JSSyntaxException)) return undefined;
  let rewritten = source;
  if (problem.error === 'duplicate capture group name') rewritten = withOwnGroupNames(source);
  if (problem.error === 'invalid character class range' && problem.input === '[:]')
    rewritten = withPlainBracket(source);
  return rewritten === source ? undefined : rewritten;
}

function patternError(problem: unknown, source: string): PatternError {
  if (problem instanceof RE2JSSyntaxException) return new PatternError(problem.error, problem.input ?? source);
  if (problem instanceof RE2JSException) return new PatternError(problem.message, source);
  // re2js recurses into the pattern's nesting before it measures it.
  if (problem instanceof RangeError) return new PatternError('expression nests too deeply', source);
  throw problem;
}

/** Escapes and quotes, then classes: what may look like syntax in a pattern and is not. */
const OPAQUE = /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]/u.source;

/** Go takes one group name twice, re2js does not; names have no part in matching, so each group gets its own. */
function withOwnGroupNames(source: string): string {
  let groups = 0;
  return source.replace(new RegExp(`${OPAQUE}|\\(\\?P?<\\w+>`, 'gu'), (part) =>
    /^\(\?P?<\w+>$/.test(part) ? `(?P<g${groups++}>` : part,
  );
}

/**
 * In a class Go looks for the `:]` of a named class behind the `[:`, and without one reads a plain bracket; re2js takes
 * the `:]` of `[:]` itself. Only the last such place can be meant: any before it has a `:]` behind it.
 */
function withPlainBracket(source: string): string {
  const at = source.lastIndexOf('[:]');
  const isEscaped = source[at - 1] === '\\';
  return !isEscaped && source.indexOf(':]', at + 2) < 0 ? `${source.slice(0, at)}\\${source.slice(at)}` : source;
}
