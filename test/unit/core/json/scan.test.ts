import { describe, expect, it } from 'vitest';
import {
  countMembers,
  elementSpans,
  isNestedDeeper,
  memberSpans,
  type Span,
  skipSpace,
  skipValue,
} from '../../../../src/core/json/scan.ts';

describe('skipSpace', () => {
  it('passes over the four characters that JSON takes as white space, and no other', () => {
    expect(skipSpace(' \t\r\n\u00a0x', 0)).toBe(4);
  });

  it('stops at the end of the text', () => {
    expect(skipSpace('a  ', 1)).toBe(3);
  });
});

describe('skipValue', () => {
  it.each([
    ['a number', '-1.5e+3,', 7],
    ['a word', 'true]', 4],
    ['a string with brackets', '"]}[{",', 6],
    ['a string with an escaped quote', '"a\\"b",', 6],
    ['a string that ends in an escaped backslash', '"a\\\\",', 5],
    ['a string of escaped backslashes and a quote', '"\\\\\\"",', 6],
    ['an object', '{"a":[1,{"b":"}"}]},', 19],
    ['an empty list', '[],', 2],
  ])('ends behind %s', (_, text, end) => {
    expect(skipValue(text, 0)).toBe(end);
  });

  it('takes nesting of any depth', () => {
    const text = '['.repeat(300_000) + ']'.repeat(300_000);
    expect(skipValue(text, 0)).toBe(600_000);
  });
});

const cut = (text: string, { start, end }: Span): string => text.slice(start, end);

describe('memberSpans', () => {
  it('gives keys with their quotes and values without the space around them', () => {
    const text = '{ "a" : 1 ,\n"b":[ 2 ] }';
    const members = memberSpans(text, 0);
    expect(members.map(({ key, value }) => [cut(text, key), cut(text, value)])).toEqual([
      ['"a"', '1'],
      ['"b"', '[ 2 ]'],
    ]);
  });

  it('gives a repeated key each time', () => {
    expect(memberSpans('{"a":1,"a":2}', 0)).toHaveLength(2);
  });

  it('gives nothing for an empty object', () => {
    expect(memberSpans('{ \n }', 0)).toEqual([]);
  });
});

describe('elementSpans', () => {
  it('gives the elements in order', () => {
    const text = '[ 1, "a,b" ,{"c":[3]},[] ]';
    expect(elementSpans(text, 0).map((span) => cut(text, span))).toEqual(['1', '"a,b"', '{"c":[3]}', '[]']);
  });

  it('gives nothing for an empty list', () => {
    expect(elementSpans('[ ]', 0)).toEqual([]);
  });
});

describe('countMembers', () => {
  it('counts at every depth, repeated keys too, and no string that is a value', () => {
    expect(countMembers('{"a":{"b":"c:"},"a" :[{"d":"\\""}]}')).toBe(4);
  });
});

describe('isNestedDeeper', () => {
  it.each([
    ['[[[1]]]', 3, false],
    ['[[[1]]]    ', 2, true],
    ['{"a":[{"b":"[[[[[["}]}', 3, false],
    ['[1],[1],[1],[1]', 1, false],
  ])('judges %s by a limit of %d: %s', (text, limit, expected) => {
    expect(isNestedDeeper(text, limit)).toBe(expected);
  });
});
