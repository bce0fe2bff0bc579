import { OUTCOMES, type Outcome } from './decision.ts';

/** Upper bounds of the histogram of answer times, in seconds. */
export const ANSWER_BOUNDS: readonly number[] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.25, 1, 2];

/** Definitions and codes beyond this number are counted as one: each costs memory for as long as the plugin runs. */
const NAME_LIMIT = 10_000;

/** What the plugin has counted since it started. */
export interface Counts {
  readonly containers: Record<Outcome, number>;
  /** Hooks added, by the definition that asked for them. */
  readonly injected: Map<string, number>;
  /** Doubts and failures, by code. */
  readonly errors: Map<string, number>;
  /** How many answers took at most as long as each bound, and as any. */
  readonly answers: { readonly buckets: number[]; count: number; seconds: number };
  /** Times the event loop stood still, or an answer took too long. */
  readonly stalls: { count: number; longestMilliseconds: number };
  connects: number;
}

/** Gives counts of nothing. */
export function createCounts(): Counts {
  const containers = Object.fromEntries(OUTCOMES.map((outcome) => [outcome, 0]));
  return {
    // Every outcome is in the list.
    containers: containers as Record<Outcome, number>,
    injected: new Map(),
    errors: new Map(),
    answers: { buckets: ANSWER_BOUNDS.map(() => 0), count: 0, seconds: 0 },
    stalls: { count: 0, longestMilliseconds: 0 },
    connects: 0,
  };
}

/** Counts one more of a name. */
export function countName(names: Map<string, number>, name: string): void {
  const key = names.has(name) || names.size < NAME_LIMIT ? name : 'others';
  names.set(key, (names.get(key) ?? 0) + 1);
}

/** Counts one answer. */
export function countAnswer({ answers }: Counts, seconds: number): void {
  answers.count++;
  answers.seconds += seconds;
  for (const [index, bound] of ANSWER_BOUNDS.entries()) {
    if (seconds <= bound) answers.buckets[index] = (answers.buckets[index] ?? 0) + 1;
  }
}
