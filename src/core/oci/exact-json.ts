/** A JSON value whose integers are exact: a number where a double holds it, else a bigint. */
export type ExactJson = null | boolean | string | number | bigint | readonly ExactJson[] | ExactJsonObject;

/** An object of exact JSON; it has no prototype, so `__proto__` is a key like any other. */
export interface ExactJsonObject {
  readonly [key: string]: ExactJson;
}

/**
 * Parses JSON without losing digits: integers beyond 2^53 come back as bigint (limits are int64 and uint64, and
 * 18446744073709551615 is a common one). Everything else is as JSON.parse gives it.
 *
 * @throws SyntaxError of JSON.parse, its position counted in the text as given; also for more than 512 levels
 */
export function parseExactJson(text: string): ExactJson {
  // The plain parse judges the text first, so that a position in its message fits, and so that what follows may trust
  // every token.
  const plain: unknown = JSON.parse(text);
  let mark = '\u0000big:';
  while (text.includes(mark.slice(1))) mark += ':';
  let exact = false;
  const marked = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) => {
    if (token.startsWith('"') || !/^-?\d{16,}$/.test(token) || Number.isSafeInteger(Number(token))) return token;
    exact = true;
    return JSON.stringify(mark + token);
  });
  const value: unknown = exact ? JSON.parse(marked) : plain;
  return exactly(value, mark, 0);
}

/** Tells an object from every other exact JSON value. */
export function isExactObject(value: ExactJson | undefined): value is ExactJsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// Far beyond any config.json, far below what the stack bears.
const MAX_DEPTH = 512;

function exactly(value: unknown, mark: string, depth: number): ExactJson {
  if (depth > MAX_DEPTH) throw new SyntaxError(`JSON nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === 'string') return value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value;
  if (Array.isArray(value)) return value.map((item) => exactly(item, mark, depth + 1));
  if (typeof value === 'object' && value !== null) {
    const object: Record<string, ExactJson> = Object.create(null);
    for (const [key, item] of Object.entries(value)) object[key] = exactly(item, mark, depth + 1);
    return object;
  }
  return typeof value === 'number' || typeof value === 'boolean' ? value : null;
}
