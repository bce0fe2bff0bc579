// Definitions have five levels. The YAML reader recurses, and V8 may abort the process when its stack is all but full.
const DEEPEST = 100;

/**
 * Tells whether a line strings together so many indicators (`- - -`, `!a &b`) that reading it nests too deep. To be asked
 * before the text is cut into tokens, which recurses along such a line.
 */
export function hasIndicatorRun(text: string): boolean {
  let indicators = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === 0x0a || unit === 0x0d) indicators = 0;
    else if ('-?:!&'.includes(text.charAt(index)) && index + 1 < text.length && isApart(text, index)) indicators++;
    if (indicators > DEEPEST) return true;
  }
  return false;
}

/** `-`, `?` and `:` count before white space, `!` and `&` behind it or a bracket. */
function isApart(text: string, index: number): boolean {
  return /[\s,[\]{}]/.test(text.charAt('!&'.includes(text.charAt(index)) ? index - 1 : index + 1) || ' ');
}

/** Tells whether collections are nested more than `DEEPEST` deep, by the lexer's tokens. Source: yaml, parse/lexer.ts. */
export function isYamlNestedTooDeep(tokens: Iterable<string>): boolean {
  let flowDepth = 0;
  let column = 0;
  let isFirst = true;
  let isScalar = false;
  let opensNode = false;
  const columns: number[] = [];
  for (const token of tokens) {
    if (isScalar) {
      // What follows the mark of a scalar is its source, whatever it looks like.
      isScalar = false;
      opensNode = false;
      const lastBreak = token.lastIndexOf('\n');
      column = lastBreak < 0 ? column + token.length : token.length - lastBreak - 1;
      continue;
    }
    if (/^[\r\n]/.test(token)) {
      column = 0;
      isFirst = true;
      opensNode = false;
      continue;
    }
    if (!/^[ \t#\u0002\u0018\ufeff]/.test(token)) {
      if (token === '[' || token === '{') flowDepth++;
      else if ((token === ']' || token === '}') && flowDepth > 0) flowDepth--;
      if (flowDepth === 0 && (isFirst || opensNode)) {
        if (isFirst) while ((columns.at(-1) ?? -1) >= column) columns.pop();
        columns.push(column);
      }
      if (columns.length + flowDepth > DEEPEST) return true;
      isFirst = false;
      opensNode = token === '-' || token === '?' || token === ':';
    }
    isScalar = token === '\u001f';
    if (!/^[\u0002\u0018\u001f\ufeff]/.test(token)) column += token.length;
  }
  return false;
}

/** The nesting at which a YAML definition is refused. */
export const YAML_NESTING_LIMIT: number = DEEPEST;
