import { describe, expect, it } from 'vitest';
import { findJsonSyntaxError } from '../../../../src/core/json/syntax-error.ts';

describe('findJsonSyntaxError', () => {
  it.each([
    ['an empty text', '', 0, 'the end of the text'],
    ['a trailing comma in an object', '{"a":1,}', 7, '"}"'],
    ['a trailing comma in a list', '[1,]', 3, '"]"'],
    ['a missing comma', '{"a":1 "b":2}', 7, '"""'],
    ['a missing colon', '{"a" 1}', 5, '"1"'],
    ['single quotes', "{'a':1}", 1, '"\'"'],
    ['a bare key', '{a:1}', 1, '"a"'],
    ['a bracket of the other kind', '[1}', 2, '"}"'],
    ['a comment', '{} // why', 3, 'a comment'],
    ['a second document', '{} {}', 3, '"{"'],
    ['a leading zero', '[01]', 1, '"01"'],
    ['a bare fraction point', '[1.]', 1, '"1."'],
    ['a word of another language', '[None]', 1, '"None"'],
    ['a line break in a string', '["a\nb"]', 3, 'the character U+000A'],
    ['an unknown escape', '["\\x"]', 2, '"\\x"'],
    ['an unfinished \\u', '["\\u12"]', 2, 'an unfinished escape'],
    ['a string without end', '["a', 1, 'the end of the text'],
    ['an object without end', '{"a":1', 6, 'the end of the text'],
    ['a byte order mark', '\ufeff{}', 0, 'the character U+FEFF'],
    ['a NUL byte', '{\u0000}', 1, 'the character U+0000'],
    ['space that JSON does not take', '[\u00a01]', 1, 'the character U+00A0'],
  ])('finds %s', (_, text, offset, found) => {
    expect(findJsonSyntaxError(text)).toMatchObject({ offset, found });
  });

  it.each(['{}', ' [1, -0.5e+9, true, null, "\\u00e9\\n"] ', '"\u2028"', '{"a":{"a":[]}}\n'])('accepts %s', (text) => {
    expect(findJsonSyntaxError(text)).toBeUndefined();
  });

  it('says what could stand there', () => {
    expect(findJsonSyntaxError('{"a":1,}')?.expected).toBe('a key in double quotes');
    expect(findJsonSyntaxError('[')?.expected).toBe('a value or "]"');
    expect(findJsonSyntaxError('{"a"')?.expected).toBe('":"');
    expect(findJsonSyntaxError('{} x')?.expected).toBe('the end of the text');
  });

  it('takes nesting of any depth', () => {
    expect(findJsonSyntaxError('['.repeat(300_000))?.offset).toBe(300_000);
  });
});
