import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { positionAt, positionsIn } from '../../../../src/core/diagnostic/position.ts';

describe('positionAt', () => {
  it('counts lines and columns from 1', () => {
    expect(positionAt('ab\ncd', 4)).toEqual({ line: 2, column: 2, offset: 4 });
  });

  it('takes CRLF as one line end and a lone CR as another', () => {
    expect(positionAt('a\r\nb\rc', 5)).toEqual({ line: 3, column: 1, offset: 5 });
  });

  it('stops at the end of the text', () => {
    expect(positionAt('ab', 9)).toEqual({ line: 1, column: 3, offset: 2 });
  });

  it('counts columns in UTF-16 units', () => {
    expect(positionAt('😀x', 2)).toEqual({ line: 1, column: 3, offset: 2 });
  });
});

describe('positionsIn', () => {
  // Law: looked up or counted, a place is the same.
  it('gives what positionAt gives', () => {
    const text = fc
      .array(fc.constantFrom('a', '\n', '\r', '\r\n', '😀'), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.integer({ min: -1, max: 20 }), (written, offset) => {
        expect(positionsIn(written)(offset)).toEqual(positionAt(written, offset));
      }),
    );
  });
});
