/** Where a text stops being JSON: the offset, what could stand there and what does. */
export interface JsonSyntaxError {
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

type Expectation = 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'end of text';

const EXPECTED: Readonly<Record<Expectation, string>> = {
  value: 'a value',
  'value or end': 'a value or "]"',
  key: 'a key in double quotes',
  'key or end': 'a key in double quotes or "}"',
  colon: '":"',
  'comma or end': '"," or the closing bracket',
  'end of text': 'the end of the text',
};

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORD = /true|false|null/y;
const WORD_CHARACTER = /[\w.+-]/;

/**
 * Gives the first place where a text breaks the JSON grammar (RFC 8259), or undefined where it keeps it. One pass, no
 * recursion.
 *
 * Called for text that JSON.parse has refused: it does not say where on every engine.
 */
export function findJsonSyntaxError(text: string): JsonSyntaxError | undefined {
  const open: ('}' | ']')[] = [];
  let expectation: Expectation = 'value';
  let index = 0;
  for (;;) {
    while (' \t\r\n'.includes(text.charAt(index)) && index < text.length) index++;
    const character = text.charAt(index);
    const wrong = (): JsonSyntaxError => ({
      offset: index,
      expected: EXPECTED[expectation],
      found: describe(text, index),
    });
    if (expectation === 'end of text') return character === '' ? undefined : wrong();

    const closes = character !== '' && character === open.at(-1);
    if (closes && (expectation === 'comma or end' || expectation === 'key or end' || expectation === 'value or end')) {
      open.pop();
      expectation = open.length === 0 ? 'end of text' : 'comma or end';
      index++;
      continue;
    }
    switch (expectation) {
      case 'colon':
        if (character !== ':') return wrong();
        expectation = 'value';
        index++;
        break;
      case 'comma or end':
        if (character !== ',') return wrong();
        expectation = open.at(-1) === '}' ? 'key' : 'value';
        index++;
        break;
      case 'key':
      case 'key or end': {
        if (character !== '"') return wrong();
        const end = stringEnd(text, index);
        if (typeof end !== 'number') return end;
        expectation = 'colon';
        index = end;
        break;
      }
      case 'value':
      case 'value or end': {
        if (character === '{' || character === '[') {
          open.push(character === '{' ? '}' : ']');
          expectation = character === '{' ? 'key or end' : 'value or end';
          index++;
          break;
        }
        const end = character === '"' ? stringEnd(text, index) : wordEnd(text, index);
        if (end === undefined) return wrong();
        if (typeof end !== 'number') return end;
        expectation = open.length === 0 ? 'end of text' : 'comma or end';
        index = end;
        break;
      }
      default:
        expectation satisfies never;
    }
  }
}

/** Gives the offset after a number, `true`, `false` or `null`; undefined when there is none. */
function wordEnd(text: string, start: number): number | undefined {
  for (const pattern of [NUMBER, WORD]) {
    pattern.lastIndex = start;
    if (pattern.test(text)) {
      return WORD_CHARACTER.test(text.charAt(pattern.lastIndex)) ? undefined : pattern.lastIndex;
    }
  }
  return undefined;
}

function stringEnd(text: string, start: number): number | JsonSyntaxError {
  let index = start + 1;
  while (index < text.length) {
    const character = text.charAt(index);
    if (character === '"') return index + 1;
    if (character < ' ') {
      return { offset: index, expected: 'an escape such as \\n in the string', found: describe(text, index) };
    }
    if (character !== '\\') {
      index++;
      continue;
    }
    const letter = text.charAt(index + 1);
    if (letter === 'u' && !/^[0-9a-fA-F]{4}$/.test(text.slice(index + 2, index + 6))) {
      return { offset: index, expected: '\\u and four hexadecimal digits', found: 'an unfinished escape' };
    }
    if (letter !== 'u' && (letter === '' || !'"\\/bfnrt'.includes(letter))) {
      const expected = 'one of the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u';
      return { offset: index, expected, found: letter === '' ? 'the end of the text' : `"\\${letter}"` };
    }
    index += letter === 'u' ? 6 : 2;
  }
  return { offset: start, expected: 'a closing quote for this string', found: 'the end of the text' };
}

function describe(text: string, offset: number): string {
  const point = text.codePointAt(offset);
  if (point === undefined) return 'the end of the text';
  if (text.startsWith('//', offset) || text.startsWith('/*', offset)) return 'a comment';
  const character = String.fromCodePoint(point);
  const word = /^[\p{L}\p{N}_.+-]{1,24}/u.exec(text.slice(offset, offset + 48))?.[0];
  if (word !== undefined) return `"${word}"`;
  if (/[\p{P}\p{S}]/u.test(character)) return `"${character}"`;
  return `the character U+${point.toString(16).toUpperCase().padStart(4, '0')}`;
}
