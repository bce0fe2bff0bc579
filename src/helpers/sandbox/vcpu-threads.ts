import { type Pattern, PatternError } from '../../core/when/pattern.ts';
import { problem } from '../../linux/cgroup/problem.ts';
import { isThreadOf, listThreads, type Thread } from '../../linux/process/process-tree.ts';
import { WishError } from '../wish-error.ts';

/** Says which threads of a virtual machine monitor run the guest's processors. */
export interface VcpuSelector {
  /** RE2 patterns for names; those that are known where it is empty. */
  readonly patterns: readonly string[];
  /** Threads by number, from the administrator's own arguments; then no name counts. */
  readonly tids: readonly number[];
}

/**
 * Names of vCPU threads. QEMU (with `debug-threads=on`, as Kata starts it) and StratoVirt: `CPU 0/KVM`; QEMU without
 * KVM: `CPU 0/TCG`, `ALL CPUs/TCG`; Cloud Hypervisor: `vcpu0`; Firecracker: `fc_vcpu 0`.
 */
const KNOWN = /^(?:(?:CPU \d{1,6}|ALL CPUs)\/(?:KVM|TCG|MSHV)|vcpu\d{1,6}|fc_vcpu \d{1,6})$/;

/** The longest pattern taken, as for conditions of definitions. */
export const THREAD_PATTERN_LIMIT = 4096;

/** Gives a test for a thread of one process. A name is what the process chose, so only its own threads may be asked about. */
export type IsVcpu = (thread: Thread) => boolean;

/**
 * Compiles a selector.
 *
 * @throws {PatternError} for a pattern that RE2 does not take
 */
export async function compileVcpuSelector({ patterns, tids }: VcpuSelector): Promise<IsVcpu> {
  if (tids.length > 0) return ({ tid }) => tids.includes(tid);
  if (patterns.length === 0) return ({ name }) => KNOWN.test(name);
  const { compilePattern } = await import('../../core/when/pattern.ts');
  // The engine is large; the names known by heart need none.
  const { re2Engine } = await import('../../core/when/re2.ts');
  const compiled = patterns.map((source): Pattern => {
    if (source.length > THREAD_PATTERN_LIMIT) {
      throw new PatternError(`it has more than ${THREAD_PATTERN_LIMIT} characters`, source.slice(0, 32));
    }
    return compilePattern(source, re2Engine);
  });
  return ({ name }) => compiled.some(({ test }) => test(name));
}

/** Gives the vCPU threads of a process, by number. */
export function vcpuThreads(pid: number, isVcpu: IsVcpu): ReadonlySet<number> {
  return new Set(listThreads(pid).flatMap((thread) => (isVcpu(thread) ? [thread.tid] : [])));
}

/**
 * Makes sure that threads named by number are the monitor's: another process has no thread in a sandbox's cgroup.
 *
 * @throws {WishError} `FIELD_TEXT`, one for each that is not
 */
export function assertThreadsOf(pid: number, tids: readonly number[]): void {
  const strange = tids.filter((tid) => !isThreadOf(pid, tid));
  if (strange.length === 0) return;
  const expected = `a thread of the virtual machine monitor, process ${pid}; nothing was moved`;
  throw new WishError(strange.map((value) => problem('FIELD_TEXT', '--tid', { value, expected })));
}
