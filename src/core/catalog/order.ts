/**
 * Orders definitions as they are injected: by file name in lower case, by Unicode code point. Names equal but for case
 * keep the order of their directories, then go by the name itself; the reference leaves that open.
 */
export function injectionOrder<T extends { readonly name: string; readonly rank: number }>(
  definitions: readonly T[],
): T[] {
  // One directory is listed by name, which most often is the order already.
  if (isAscending(definitions)) return [...definitions];
  const named = definitions.map((definition) => ({ definition, lower: lowerCase(definition.name) }));
  // Without surrogates the order of UTF-16 units is that of code points, and the engine compares them itself.
  const compare = named.some(({ lower }) => SURROGATE.test(lower)) ? compareCodePoints : compareUnits;
  return named
    .sort(
      (left, right) =>
        compare(left.lower, right.lower) ||
        left.definition.rank - right.definition.rank ||
        compareCodePoints(left.definition.name, right.definition.name),
    )
    .map(({ definition }) => definition);
}

/** Tells whether names in ASCII stand in their order, each once. */
function isAscending(definitions: readonly { readonly name: string }[]): boolean {
  let before = '';
  for (const { name } of definitions) {
    const lower = name.toLowerCase();
    if (!ASCII.test(name) || lower <= before) return false;
    before = lower;
  }
  return true;
}

const ASCII = /^[\x00-\x7f]*$/;
const SURROGATE = /[\ud800-\udfff]/;

/** Lower case code point by code point, as Go's strings.ToLower: no rule looks at the neighbours. */
function lowerCase(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return Array.from(name, (character) => (character === 'İ' ? 'i' : character.toLowerCase())).join('');
}

/** Compares by code point, which is the order of the UTF-8 bytes; JavaScript's own order differs beyond U+FFFF. */
export function compareCodePoints(left: string, right: string): number {
  if (left === right) return 0;
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index++) {
    const leftUnit = left.charCodeAt(index);
    const rightUnit = right.charCodeAt(index);
    if (leftUnit === rightUnit) continue;
    return codePointRank(leftUnit) - codePointRank(rightUnit);
  }
  return left.length - right.length;
}

function compareUnits(left: string, right: string): number {
  return left < right ? -1 : left === right ? 0 : 1;
}

/** Surrogates stand for code points above all of U+E000 to U+FFFF. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
