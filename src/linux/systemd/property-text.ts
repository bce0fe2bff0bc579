/** A property in GVariant text, taken apart: what busctl(1) needs of an element of `a(sv)`. */
export interface TextProperty {
  readonly name: string;
  readonly signature: 'b' | 's' | 'as' | 't' | 'x' | 'u' | 'i';
  /** The words after the signature; of an array the count comes first. */
  readonly words: readonly string[];
}

/** The range of each integer type. */
const RANGE = {
  t: [0n, 2n ** 64n - 1n],
  x: [-(2n ** 63n), 2n ** 63n - 1n],
  u: [0n, 2n ** 32n - 1n],
  i: [-(2n ** 31n), 2n ** 31n - 1n],
} as const;

const TYPES: Readonly<Record<string, keyof typeof RANGE>> = { uint64: 't', int64: 'x', uint32: 'u', int32: 'i' };

/**
 * Reads a property as the annotations org.systemd.property.NAME write it: `true`, `'text'`, `['a', 'b']`, `uint64 5`,
 * `int64`, `uint32`, `int32`, or a bare number (int32). A name that ends in Sec counts seconds and becomes NameUSec. Undefined
 * for anything else, and for a name that is not made of three or more letters.
 * Source: runc specconv (initSystemdProps), crun append_systemd_annotation.
 */
export function parseProperty(name: string, text: string): TextProperty | undefined {
  if (!/^[A-Za-z]{3,128}$/.test(name)) return undefined;
  const value = text.trim();
  if (value === 'true' || value === 'false') return { name, signature: 'b', words: [value] };
  const string = stringOf(value);
  if (string !== undefined) return { name, signature: 's', words: [string] };
  if (value.startsWith('[') && value.endsWith(']')) {
    const items = value === '[]' ? [] : splitItems(value.slice(1, -1)).map(stringOf);
    if (items.some((item) => item === undefined)) return undefined;
    return { name, signature: 'as', words: [String(items.length), ...items.filter((item) => item !== undefined)] };
  }
  const match = /^(?:(uint64|int64|uint32|int32)\s+)?(-?\d{1,20})$/.exec(value);
  if (match === null) return undefined;
  const signature = TYPES[match[1] ?? 'int32'] ?? 'i';
  const isSeconds = /[a-z]Sec$/.test(name);
  const number = BigInt(match[2] ?? 0) * (isSeconds ? 1_000_000n : 1n);
  if (number < RANGE[signature][0] || number > RANGE[signature][1]) return undefined;
  return { name: isSeconds ? name.replace(/Sec$/, 'USec') : name, signature, words: [String(number)] };
}

function stringOf(text: string): string | undefined {
  const match = /^\s*(?:'([^'\\\0]*)'|"([^"\\\0]*)")\s*$/.exec(text);
  return match === null ? undefined : (match[1] ?? match[2]);
}

/** Splits at commas outside of quotes. */
function splitItems(text: string): string[] {
  return text.match(/(?:'[^']*'|"[^"]*"|[^,'"])+/g) ?? [];
}
