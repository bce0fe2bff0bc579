import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, decodeUtf8AsGo } from '../../src/host/utf8.ts';

// Bytes at the edges of the ranges of RFC 3629, so that broken sequences of every kind come up.
const byte = fc.constantFrom(
  ...[
    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5,
    0xff,
  ],
);
const bytes = fc.array(byte, { maxLength: 10 }).map((all) => Buffer.from(all));

/** Go's utf8.DecodeRune, written another way: a rune is what encodes back to the very same bytes. */
const decodeRune = (rest: Buffer): { readonly text: string; readonly width: number } => {
  for (let width = 1; width <= Math.min(4, rest.length); width++) {
    const text = rest.subarray(0, width).toString('utf8');
    if (!text.includes('\ufffd') && [...text].length === 1 && Buffer.byteLength(text) === width) return { text, width };
    if (text === '\ufffd' && width === 3 && Buffer.from(text).equals(rest.subarray(0, 3))) return { text, width };
  }
  return { text: '\ufffd', width: 1 };
};

const decodeByRunes = (all: Buffer): string => {
  let text = '';
  for (let at = 0; at < all.length; ) {
    const rune = decodeRune(all.subarray(at));
    text += rune.text;
    at += rune.width;
  }
  return text;
};

describe('decodeUtf8AsGo', () => {
  // Law: each byte that begins no valid sequence becomes one U+FFFD, as when Go ranges over a string.
  it('replaces byte by byte', () => {
    fc.assert(
      fc.property(bytes, (all) => {
        expect(decodeUtf8AsGo(all)).toBe(decodeByRunes(all));
      }),
      { numRuns: 20_000, seed: 1 },
    );
  });
});

describe('decodeUtf8', () => {
  // Law: text comes back as it was written, and what is no text is told by its first wrong byte.
  it('gives the text, or the first invalid byte', () => {
    fc.assert(
      fc.property(bytes, (all) => {
        const decoded = decodeUtf8(all);
        if ('text' in decoded) {
          expect(Buffer.from(decoded.text)).toEqual(all);
          return;
        }
        const before = all.subarray(0, decoded.invalidAt);
        expect(Buffer.from(before.toString('utf8'))).toEqual(before);
        expect(decodeRune(all.subarray(decoded.invalidAt))).toEqual({ text: '\ufffd', width: 1 });
      }),
      { numRuns: 20_000, seed: 2 },
    );
  });
});
