/** Gives a text as Go reads it: null is the empty text, half a surrogate pair becomes U+FFFD. */
export function text(value: unknown): string {
  if (typeof value !== 'string') return '';
  return value.isWellFormed() ? value : value.toWellFormed();
}

/** Gives a list of texts, or undefined for null and an absent one. */
export function readTexts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.map(text) : undefined;
}

/**
 * Gives a timeout exactly: a bigint where a double cannot hold it.
 *
 * @param literal - the number as written
 */
export function readTimeout(value: unknown, literal: () => string): number | bigint | undefined {
  if (typeof value !== 'number') return undefined;
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  const written = literal();
  return /^[-+]?\d+$/.test(written) ? BigInt(written.replace('+', '')) : value;
}
