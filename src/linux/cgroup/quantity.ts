/** Factors of Kubernetes' suffixes, in thousandths; smaller ones are rounded up to one. */
const FACTORS: Readonly<Record<string, bigint>> = {
  m: 1n,
  '': 1000n,
  k: 10n ** 6n,
  M: 10n ** 9n,
  G: 10n ** 12n,
  T: 10n ** 15n,
  P: 10n ** 18n,
  E: 10n ** 21n,
  Ki: 1000n * 2n ** 10n,
  Mi: 1000n * 2n ** 20n,
  Gi: 1000n * 2n ** 30n,
  Ti: 1000n * 2n ** 40n,
  Pi: 1000n * 2n ** 50n,
  Ei: 1000n * 2n ** 60n,
};

/**
 * Reads a quantity of Kubernetes (`250m`, `160Mi`, `1.5`, `2e3`) and gives it in thousandths, rounded up as Kubernetes does.
 * Undefined for what is none, is negative, or has more digits than any machine needs.
 * Source: k8s.io/apimachinery pkg/api/resource/quantity.go.
 */
export function parseQuantity(text: string): bigint | undefined {
  const match = /^\+?(\d{1,18})?(?:\.(\d{0,18}))?(?:(n|u|m|k|M|G|T|P|E|[KMGTPE]i)|[eE]([+-]?\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = '', fraction = '', suffix = '', exponent = '0'] = match;
  if (whole + fraction === '') return undefined;
  const digits = BigInt(whole + fraction);
  // Everything as a fraction of whole numbers: digits * factor * 10^exponent / 10^places.
  const small = suffix === 'n' ? 6n : suffix === 'u' ? 3n : 0n;
  const factor = FACTORS[small === 0n ? suffix : 'm'] ?? 1n;
  const power = BigInt(exponent) - BigInt(fraction.length) - small;
  const value = digits * factor * (power > 0n ? 10n ** power : 1n);
  const divisor = power < 0n ? 10n ** -power : 1n;
  return (value + divisor - 1n) / divisor;
}
