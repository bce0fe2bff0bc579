import { describe, expect, it } from 'vitest';
import { parseOpenFilesLimit } from '../../../../src/linux/process/open-files-limit.ts';

const LINE =
  'Max processes             96365                96365                processes \nMax open files            ';

describe('parseOpenFilesLimit', () => {
  it('gives the soft and the hard limit', () => {
    expect(parseOpenFilesLimit(`${LINE}1024                 20000                files     \n`)).toEqual({
      soft: 1024n,
      hard: 20000n,
    });
  });

  it('reads unlimited as the largest number of 64 bits', () => {
    const { hard } = parseOpenFilesLimit(`${LINE}1024                 unlimited            files     \n`) ?? {};
    expect(hard).toBe(2n ** 64n - 1n);
  });

  it('gives nothing where the line is not there', () => {
    expect(parseOpenFilesLimit('Limit  Soft Limit  Hard Limit  Units\n')).toBeUndefined();
  });
});
