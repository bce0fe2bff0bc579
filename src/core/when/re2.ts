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
    if (problem instanceof RE2JSSyntaxException && problem.error === 'duplicate capture group name') {
      return compileAgain(withoutGroupNames(source));
    }
    throw patternError(problem, source);
  }
}

function compileAgain(source: string): RE2JS {
  try {
    return RE2JS.compile(source);
  } catch (problem) {
    throw patternError(problem, source);
  }
}

function patternError(problem: unknown, source: string): PatternError {
  if (problem instanceof RE2JSSyntaxException) return new PatternError(problem.error, problem.input ?? source);
  if (problem instanceof RE2JSException) return new PatternError(problem.message, source);
  // re2js recurses into the pattern's nesting before it measures it.
  if (problem instanceof RangeError) return new PatternError('expression nests too deeply', source);
  throw problem;
}

/** Go takes one group name twice, re2js does not; names have no part in matching. Escapes, quotes and classes stay. */
function withoutGroupNames(source: string): string {
  return source.replace(
    /\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]|\(\?P?<\w+>/gu,
    (part) => (/^\(\?P?<\w+>$/.test(part) ? '(' : part),
  );
}
