import { type Conversion, controllerOf } from './cgroup-write.ts';
import type { Dialect } from './memory-swap.ts';
import { type CgroupProblem, problem } from './problem.ts';

/** The controllers of cgroup v2 up to Linux 6.18; `cgroup` holds the core's files, `irq` has a pressure file alone. */
export const V2_CONTROLLERS = [
  'cgroup',
  'cpu',
  'cpuset',
  'dmem',
  'hugetlb',
  'io',
  'irq',
  'memory',
  'misc',
  'perf_event',
  'pids',
  'rdma',
] as const;

/**
 * Converts `unified` (file -> text) to writes, in the order of the file; a value of several lines is written line by
 * line. An empty value is left out by crun and written by runc (for memory.swap.max the kernel reads it as 0).
 */
export function convertUnified(
  unified: readonly (readonly [string, string])[],
  dialect: Dialect,
  { writes, ignored, problems }: Conversion,
): void {
  for (const [key, value] of unified) {
    const fault = unifiedKeyProblem(key);
    if (fault !== undefined) {
      problems.push(fault);
    } else if (value.includes('\0')) {
      problems.push(problem('FIELD_TEXT', `unified.${key}`, { value: JSON.stringify(value), expected: 'free of NUL' }));
    } else if (value === '') {
      if (dialect === 'crun') ignored.push({ field: `unified.${key}`, reason: 'crun leaves out empty values' });
      else writes.push({ file: key, value });
    } else {
      for (const line of value.split('\n')) if (line !== '') writes.push({ file: key, value: line });
    }
  }
}

/** Gives what is wrong with a key of `unified`: it must name one file of a controller of v2. */
export function unifiedKeyProblem(key: string): CgroupProblem | undefined {
  const field = `unified.${key.slice(0, 128)}`;
  if (!/^[^.\s/\u0000-\u001f\u007f][^\s/\u0000-\u001f\u007f]*$/.test(key) || !key.includes('.') || key.length > 128) {
    return problem('UNIFIED_KEY', field);
  }
  const controller = controllerOf(key);
  if ((V2_CONTROLLERS as readonly string[]).includes(controller)) return undefined;
  return problem('UNIFIED_CONTROLLER', field, { controller, known: V2_CONTROLLERS.join(', ') });
}
