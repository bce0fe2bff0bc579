import { describe, expect, it } from 'vitest';
import { positionAt } from '../../../../src/core/diagnostic/position.ts';

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
});
