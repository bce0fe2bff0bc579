import { type CgroupProblem, renderProblem } from '../linux/cgroup/problem.ts';

/** Says that a wish makes no sense; the container is not created. */
export class WishError extends Error {
  override readonly name = 'WishError';
  readonly problems: readonly CgroupProblem[];

  constructor(problems: readonly CgroupProblem[]) {
    super(problems.map(renderProblem).join('; '));
    this.problems = problems;
  }
}
