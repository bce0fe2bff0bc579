import { describe, expect, it } from 'vitest';
import { parseExactJson } from '../../../../src/core/oci/exact-json.ts';

describe('parseExactJson', () => {
  it('keeps the digits of integers that a double would round, and leaves the others numbers', () => {
    const value = parseExactJson(
      '{"a":[18446744073709551615,-9223372036854775808,9007199254740991,9007199254740993,1.5e3]}',
    );
    expect(value).toEqual({ a: [2n ** 64n - 1n, -(2n ** 63n), 9007199254740991, 9007199254740993n, 1500] });
  });

  it('leaves digits within strings and keys alone, also after escaped quotes', () => {
    const text = '{"12345678901234567890":"\\"12345678901234567890", "b\\\\":12345678901234567890}';
    expect(parseExactJson(text)).toEqual({
      '12345678901234567890': '"12345678901234567890',
      'b\\': 12345678901234567890n,
    });
  });

  it('takes no text for a number that it marked itself', () => {
    const text = '["\\u0000big:1", "big:1", 12345678901234567890]';
    expect(parseExactJson(text)).toEqual(['\0big:1', 'big:1', 12345678901234567890n]);
  });

  it('gives __proto__ as a key like any other', () => {
    const value = parseExactJson('{"__proto__":{"x":1}}');
    expect(Object.keys(value ?? {})).toEqual(['__proto__']);
    expect(Object.prototype).not.toHaveProperty('x');
  });

  it('throws what JSON.parse throws', () => {
    expect(() => parseExactJson('{"a":1,}')).toThrow(SyntaxError);
  });

  it('refuses nesting that would exhaust the stack', () => {
    expect(() => parseExactJson('['.repeat(20_000) + ']'.repeat(20_000))).toThrow(SyntaxError);
  });

  it('reads ten megabytes in one string', () => {
    const text = JSON.stringify(['x\\"'.repeat(2_000_000)]).replace(']', ',12345678901234567890]');
    expect(parseExactJson(text)).toHaveProperty('1', 12345678901234567890n);
  });
});
