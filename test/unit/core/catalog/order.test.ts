import { describe, expect, it } from 'vitest';
import { compareCodePoints, injectionOrder } from '../../../../src/core/catalog/order.ts';

const order = (...names: readonly string[]): readonly string[] =>
  injectionOrder(names.map((name) => ({ name, rank: 0 }))).map(({ name }) => name);

describe('injectionOrder', () => {
  it('goes by the lower-cased name, suffix included', () => {
    expect(order('a_.json', 'B.json', 'a.json', 'a-.json')).toEqual(['a-.json', 'a.json', 'a_.json', 'B.json']);
  });

  it('lower-cases letter by letter, as Go does: no final sigma, one letter for a dotted capital I', () => {
    expect(order('ας', 'ΑΣ')).toEqual(['ας', 'ΑΣ']);
    expect(order('iz', 'İ', 'h')).toEqual(['h', 'İ', 'iz']);
  });

  it('goes by rank, then by the name, where names are equal but for case', () => {
    const files = [
      { name: 'a', rank: 1 },
      { name: 'A', rank: 1 },
      { name: 'a', rank: 0 },
    ];
    expect(injectionOrder(files)).toEqual([files[2], files[1], files[0]]);
  });
});

describe('compareCodePoints', () => {
  it('puts what lies beyond U+FFFF last, as bytes of UTF-8 do', () => {
    const names = ['😀', '\uffff', '\ue000', 'a', '', 'ab'];
    const byBytes = names.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    expect(names.toSorted(compareCodePoints)).toEqual(byBytes);
  });
});
