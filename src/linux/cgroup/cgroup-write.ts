import type { CgroupProblem } from './problem.ts';

/** One value for one file of a cgroup. Writes of a plan are done in order, each in one write(2). */
export interface CgroupWrite {
  readonly file: string;
  readonly value: string;
  /** A kernel without the file is no failure: the write is left out and reported. */
  readonly missingOk?: true;
  /**
   * The kernel may refuse the value (EINVAL) while `file` still has its old one: then it is tried again after that
   * write. Only a value that the plan writes stands here.
   */
  readonly retryAfter?: string;
  /** The kernel may refuse the value (EINVAL), for the reason given: the write is left out and reported. */
  readonly refusalOk?: string;
}

/** Something in the input that has no effect, and why. */
export interface IgnoredField {
  readonly field: string;
  readonly reason: string;
}

/** Gathers what a conversion gives; parts of one conversion share it. */
export interface Conversion {
  readonly writes: CgroupWrite[];
  readonly ignored: IgnoredField[];
  readonly problems: CgroupProblem[];
}

/** Gives the value of a v2 limit file: `max` for every negative number. */
export function limitText(value: bigint): string {
  return value < 0n ? 'max' : String(value);
}

/** Gives the controller of a file: what stands before the first dot. */
export function controllerOf(file: string): string {
  return file.slice(0, Math.max(file.indexOf('.'), 0));
}
