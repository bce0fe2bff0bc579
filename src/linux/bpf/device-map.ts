import { ACCESS_MASKS, type DeviceRequest } from './device-request.ts';

/** Which requests pass: bit n stands for the access mask n, so 0 is never and 255 always. */
export type Verdicts = number;

/** Every request passes. */
export const ALWAYS: Verdicts = 0xff;

/** No request passes. */
export const NEVER: Verdicts = 0;

/** Minors `first` to `last`, both included, with what passes for them. */
export interface MinorSpan {
  readonly first: number;
  readonly last: number;
  readonly verdicts: Verdicts;
}

/** Majors `first` to `last` with their minors; `minors` covers all of 0 to {@link LARGEST_NUMBER} without a gap. */
export interface MajorSpan {
  readonly first: number;
  readonly last: number;
  readonly minors: readonly MinorSpan[];
}

/**
 * What a list or a program lets pass, for every device there can be: the normal form in which two that decide
 * alike are equal. Spans ascend, cover everything, and neighbours differ.
 */
export interface DeviceMap {
  readonly b: readonly MajorSpan[];
  readonly c: readonly MajorSpan[];
}

/**
 * The largest number a program can tell apart: it compares with a signed immediate. The kernel's own numbers stay far
 * below (12 bits of major, 20 of minor), so an entry beyond it never applies.
 */
export const LARGEST_NUMBER = 0x7fff_ffff;

const COVERED: readonly Verdicts[] = ACCESS_MASKS.map((access) => verdictsWhere((mask) => (mask & ~access) === 0));

/** Gives the verdicts with the bit set for each access mask that `passes`. */
export function verdictsWhere(passes: (mask: number) => boolean): Verdicts {
  return ACCESS_MASKS.reduce((verdicts, mask) => verdicts | (passes(mask) ? 1 << mask : 0), 0);
}

/** Gives the verdicts of an entry that applies to requests within `access`. */
export function verdictsWithin(access: number): Verdicts {
  return COVERED[access & 7] ?? NEVER;
}

/** Gives the map in which everything has the same verdicts. */
export function uniformMap(verdicts: Verdicts): DeviceMap {
  const spans = [{ first: 0, last: LARGEST_NUMBER, minors: [{ first: 0, last: LARGEST_NUMBER, verdicts }] }];
  return { b: spans, c: spans };
}

/** Looks a request up. */
export function mapAllows(map: DeviceMap, { type, major, minor, access }: DeviceRequest): boolean {
  const minors = map[type].find((span) => span.first <= major && major <= span.last)?.minors;
  const verdicts = minors?.find((span) => span.first <= minor && minor <= span.last)?.verdicts ?? NEVER;
  return (verdicts & (1 << access)) !== 0;
}

/** Joins two maps point by point: `join(left, right)` makes the new verdicts. */
export function combineMaps(
  left: DeviceMap,
  right: DeviceMap,
  join: (left: Verdicts, right: Verdicts) => Verdicts,
): DeviceMap {
  const type = (a: readonly MajorSpan[], b: readonly MajorSpan[]): MajorSpan[] =>
    mergeMajors(
      overlay(a, b).map(([first, last, x, y]) => ({
        first,
        last,
        minors: mergeMinors(
          overlay(x.minors, y.minors).map(([from, to, v, w]) => ({
            first: from,
            last: to,
            verdicts: join(v.verdicts, w.verdicts),
          })),
        ),
      })),
    );
  return { b: type(left.b, right.b), c: type(left.c, right.c) };
}

/** Tells whether two maps decide alike on every request. */
export function sameMap(left: DeviceMap, right: DeviceMap): boolean {
  return sameMajors(left.b, right.b) && sameMajors(left.c, right.c);
}

/** Tells whether two runs of major spans decide alike. */
export function sameMajors(left: readonly MajorSpan[], right: readonly MajorSpan[]): boolean {
  return (
    left.length === right.length &&
    left.every((span, index) => {
      const other = right[index];
      return other !== undefined && span.last === other.last && sameMinors(span.minors, other.minors);
    })
  );
}

/** Tells whether two runs of minor spans decide alike. */
export function sameMinors(left: readonly MinorSpan[], right: readonly MinorSpan[]): boolean {
  return (
    left === right ||
    (left.length === right.length &&
      left.every((span, index) => {
        const other = right[index];
        return other !== undefined && span.last === other.last && span.verdicts === other.verdicts;
      }))
  );
}

/** Joins neighbouring minor spans that decide alike. */
export function mergeMinors(spans: readonly MinorSpan[]): MinorSpan[] {
  const merged: MinorSpan[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last?.verdicts === span.verdicts) merged[merged.length - 1] = { ...last, last: span.last };
    else merged.push(span);
  }
  return merged;
}

/** Joins neighbouring major spans that decide alike. */
export function mergeMajors(spans: readonly MajorSpan[]): MajorSpan[] {
  const merged: MajorSpan[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last !== undefined && sameMinors(last.minors, span.minors)) {
      merged[merged.length - 1] = { ...last, last: span.last };
    } else merged.push(span);
  }
  return merged;
}

/** Cuts two runs that cover the same numbers at each other's borders; gives the pieces with both owners. */
export function overlay<A extends { readonly last: number }, B extends { readonly last: number }>(
  left: readonly A[],
  right: readonly B[],
): [first: number, last: number, left: A, right: B][] {
  const pieces: [number, number, A, B][] = [];
  let first = 0;
  for (let i = 0, j = 0; ; ) {
    const a = left[i];
    const b = right[j];
    if (a === undefined || b === undefined) return pieces;
    const last = Math.min(a.last, b.last);
    pieces.push([first, last, a, b]);
    if (a.last === last) i++;
    if (b.last === last) j++;
    first = last + 1;
  }
}

/** Gives spans over all numbers: one for each number named, one for each gap between them (`undefined`). */
export function spread<T>(
  named: readonly number[],
  content: (number: number | undefined) => T,
): ({ readonly first: number; readonly last: number } & T)[] {
  const spans: ({ readonly first: number; readonly last: number } & T)[] = [];
  const gap = content(undefined);
  let next = 0;
  for (const number of named.toSorted((a, b) => a - b)) {
    if (number > next) spans.push({ first: next, last: number - 1, ...gap });
    spans.push({ first: number, last: number, ...content(number) });
    next = number + 1;
  }
  if (next <= LARGEST_NUMBER) spans.push({ first: next, last: LARGEST_NUMBER, ...gap });
  return spans;
}
