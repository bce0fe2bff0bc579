// Walks over text that JSON.parse has accepted; on other text the results mean nothing. No recursion: depth is free.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** A value's place in the text: from its first character to the one after its last. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An object member's place: its quoted key and its value. */
export interface MemberSpan {
  readonly key: Span;
  readonly value: Span;
}

/** Gives the first offset at or after `from` that is not JSON white space. */
export function skipSpace(text: string, from: number): number {
  let index = from;
  for (;;) {
    if (!isSpace(text.charCodeAt(index))) return index;
    index++;
  }
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** Gives the offset after the string whose opening quote is at `start`. */
function skipString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end + 1;
  }
}

/** Gives the offset after the value that starts at `start`. */
export function skipValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return skipString(text, start);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipScalar(text, start);
  let depth = 0;
  // The engine finds the next character that counts much faster than a loop here does.
  STRUCTURE.lastIndex = start;
  while (STRUCTURE.test(text)) {
    const index = STRUCTURE.lastIndex - 1;
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) STRUCTURE.lastIndex = skipString(text, index);
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) depth++;
    else if (--depth === 0) return index + 1;
  }
  return text.length;
}

const STRUCTURE = /["[\]{}]/g;

function skipScalar(text: string, start: number): number {
  let index = start;
  while (index < text.length) {
    const unit = text.charCodeAt(index);
    if (unit === COMMA || unit === CLOSE_BRACE || unit === CLOSE_BRACKET || unit <= 0x20) break;
    index++;
  }
  return index;
}

/** Gives the members of the object whose brace is at `start`, in the order written, repeated keys included; so many at most. */
export function memberSpans(text: string, start: number, most: number = Infinity): MemberSpan[] {
  const members: MemberSpan[] = [];
  let index = skipSpace(text, start + 1);
  while (text.charCodeAt(index) === QUOTE && members.length < most) {
    const keyEnd = skipString(text, index);
    const valueStart = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const valueEnd = skipValue(text, valueStart);
    members.push({ key: { start: index, end: keyEnd }, value: { start: valueStart, end: valueEnd } });
    index = skipSpace(text, valueEnd);
    if (text.charCodeAt(index) !== COMMA) break;
    index = skipSpace(text, index + 1);
  }
  return members;
}

/** Gives the offset after the last member of the object whose closing brace is the text's last character but for space. */
export function endOfLastMember(text: string): number {
  let end = text.lastIndexOf('}');
  while (isSpace(text.charCodeAt(end - 1))) end--;
  return end;
}

/** Gives the elements of the array whose bracket is at `start`. */
export function elementSpans(text: string, start: number): Span[] {
  const elements: Span[] = [];
  let index = skipSpace(text, start + 1);
  while (index < text.length && text.charCodeAt(index) !== CLOSE_BRACKET) {
    const end = skipValue(text, index);
    elements.push({ start: index, end });
    index = skipSpace(text, end);
    if (text.charCodeAt(index) !== COMMA) break;
    index = skipSpace(text, index + 1);
  }
  return elements;
}

/** Counts the object members of the whole text, at any depth, repeated keys included. */
export function countMembers(text: string): number {
  let members = 0;
  let index = text.indexOf('"');
  while (index >= 0) {
    const end = skipString(text, index);
    if (text.charCodeAt(skipSpace(text, end)) === COLON) members++;
    index = text.indexOf('"', end);
  }
  return members;
}

/** Tells whether arrays and objects are nested more than `limit` deep; a flat text costs one comparison. */
export function isNestedDeeper(text: string, limit: number): boolean {
  if (text.length <= 2 * limit) return false;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) index = skipString(text, index) - 1;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      if (++depth > limit) return true;
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) depth--;
  }
  return false;
}
