import { expect, it } from 'vitest';
import { terminatedText, textOf } from '../../../../src/linux/libc/c-text.ts';

it('keeps a byte order mark, which is part of an argument', () => {
  expect(textOf(Buffer.from('\ufeffa'))).toBe('\ufeffa');
  expect(Buffer.from(terminatedText('\ufeffä'))).toEqual(Buffer.from('\ufeffä\0'));
});
