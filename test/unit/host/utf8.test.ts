import { describe, expect, it } from 'vitest';
import { decodeUtf8, decodeUtf8AsGo } from '../../../src/host/utf8.ts';

describe('decodeUtf8', () => {
  it('keeps a byte order mark', () => {
    expect(decodeUtf8(Buffer.from('\ufeffa'))).toEqual({ text: '\ufeffa' });
  });

  it('tells the byte and the place where the text ends', () => {
    const bytes = Buffer.concat([Buffer.from('é\n😀'), Buffer.from([0xff]), Buffer.from('b')]);
    expect(decodeUtf8(bytes)).toEqual({ invalidAt: 7, at: { line: 2, column: 3, offset: 4 } });
  });
});

describe('decodeUtf8AsGo', () => {
  it.each([
    ['a surrogate', [0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    ['an overlong form', [0xc0, 0xaf], '\ufffd\ufffd'],
    ['a sequence cut short', [0xe2, 0x82, 0x41], '\ufffd\ufffdA'],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], '\ufffd\ufffd\ufffd\ufffd'],
    ['valid text', [0xf0, 0x9f, 0x98, 0x80], '😀'],
  ])('reads %s', (_, bytes, text) => {
    expect(decodeUtf8AsGo(Buffer.from(bytes))).toBe(text);
  });

  it('reads a megabyte of wrong bytes', () => {
    expect(decodeUtf8AsGo(Buffer.alloc(1_048_576, 0xff))).toHaveLength(1_048_576);
  });
});
