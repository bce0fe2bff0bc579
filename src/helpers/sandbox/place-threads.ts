import { setTimeout } from 'node:timers/promises';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { assertSameProcess, identifyProcess } from '../../linux/cgroup/container-process.ts';
import { problem } from '../../linux/cgroup/problem.ts';
import { listThreads } from '../../linux/process/process-tree.ts';
import { hasRecordIn, readRecordsOf } from '../record.ts';
import { withExistingRecordLock } from '../record-lock.ts';
import { WishError } from '../wish-error.ts';
import { doMove, type Move, type Placement, planMoves } from './overhead-moves.ts';
import { OVERHEAD_VERB, type OverheadRecord } from './overhead-record.ts';
import { assertThreadsOf, compileVcpuSelector, type IsVcpu, type VcpuSelector, vcpuThreads } from './vcpu-threads.ts';

/** How long threads are waited for. */
export interface WatchOptions {
  readonly seconds: number;
  readonly intervalMs: number;
  /** Ends the watch. */
  readonly signal: AbortSignal;
  /** Called for what was moved. */
  readonly moved: (move: Move) => void;
}

/** Why a watch ended. */
export type WatchEnd = 'process-ended' | 'record-gone' | 'cgroup-gone' | 'time' | 'signal';

/**
 * Gives the placement that the `sandbox-overhead` helper recorded for a sandbox, to be done once more.
 *
 * @param monitor - the monitor's pid, where two engines have a sandbox of this id
 * @param selector - its patterns are taken instead of those recorded; its threads by number besides what is recorded
 * @throws {SystemError} `RECORD_NONE`, `RECORD`, `PROCESS_GONE`, `PROCESS_REUSED`; {PatternError};
 *   {WishError} for a number that is no thread of the monitor, and patterns that no thread of it matches
 */
export async function recordedPlacement(
  id: string,
  monitor: number | undefined,
  selector: VcpuSelector | undefined,
): Promise<RecordedPlacement> {
  // Written by this program, in a directory that nobody else can write to.
  const records = readRecordsOf(id, OVERHEAD_VERB) as { directory: string; record: OverheadRecord }[];
  const found = records.filter(({ record: { sandbox } }) => monitor === undefined || sandbox.vmm.pid === monitor);
  const [first] = found;
  if (first === undefined || found.length > 1) {
    const none = 'run `hooks helper sandbox-overhead` for it first';
    const pids = found.map(({ record: { sandbox } }) => sandbox.vmm.pid).join(' or ');
    throw new SystemError('RECORD_NONE', { id, reason: first === undefined ? none : `say --pid ${pids}` });
  }
  const { directory, record } = first;
  const { branches, layout, sandbox, withShim } = record;
  if (selector !== undefined) assertSameProcess(sandbox.vmm);
  const isVcpu = await chosenThreads(sandbox.vmm.pid, record.selector, selector);
  return { branches, layout, sandbox, withShim, isVcpu, directory };
}

async function chosenThreads(
  pid: number,
  recorded: VcpuSelector,
  { patterns, tids }: VcpuSelector = { patterns: [], tids: [] },
): Promise<IsVcpu> {
  assertThreadsOf(pid, tids);
  const isNamed = await compileVcpuSelector(patterns.length === 0 ? recorded : { patterns, tids: [] });
  // What is wrong with the pattern would throw all that are in place out of their bounds.
  if (patterns.length > 0 && vcpuThreads(pid, isNamed).size === 0) {
    const value = patterns.join(' ').slice(0, 64);
    const expected = `the name of any thread of the virtual machine monitor, process ${pid}; nothing was moved`;
    throw new WishError([problem('FIELD_TEXT', '--thread-name', { value, expected })]);
  }
  return (thread) => isNamed(thread) || tids.includes(thread.tid);
}

/** A placement, and where its record lies. */
export interface RecordedPlacement extends Placement {
  readonly directory: string;
}

/**
 * Places what is not in place now, while no helper sets the sandbox up or takes it away. Gives false where the record has
 * gone: then the sandbox is over, and nothing is done.
 *
 * @throws {SystemError} `PROCESS_GONE`, `PROCESS_REUSED`, `CGROUP_MOVE`, `RECORD`, ...
 */
export async function placeOnce(placement: RecordedPlacement, moved: (move: Move) => void): Promise<boolean> {
  const { directory, sandbox } = placement;
  const isDone = await withExistingRecordLock(directory, () => {
    if (!hasRecordIn(directory, OVERHEAD_VERB)) return false;
    for (const move of planMoves(placement)) if (doMove(move, sandbox.vmm)) moved(move);
    return true;
  });
  return isDone === true;
}

/**
 * Places threads as they appear, by looking at the monitor's list of threads again and again: the kernel tells nobody of a
 * new thread, and its name comes after it. Ends with the monitor, after the time given, or at the signal.
 */
export async function watchThreads(placement: RecordedPlacement, options: WatchOptions): Promise<WatchEnd> {
  const { vmm } = placement.sandbox;
  const until = Date.now() + options.seconds * 1000;
  let seen = '';
  for (;;) {
    if (options.signal.aborted) return 'signal';
    if (!hasRecordIn(placement.directory, OVERHEAD_VERB)) return 'record-gone';
    try {
      if (identifyProcess(vmm.pid).startTime !== vmm.startTime) return 'process-ended';
      const now = listThreads(vmm.pid)
        .map(({ tid, name }) => `${tid} ${name}`)
        .join('\n');
      // Looking where each thread is costs more than seeing that there is no new one.
      if (now !== seen && !(await placeOnce(placement, options.moved))) return 'record-gone';
      seen = now;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.code === 'PROCESS_GONE' || error.code === 'PROCESS_REUSED') return 'process-ended';
      if (error.code === 'CGROUP_NOT_FOUND') return 'cgroup-gone';
      throw error;
    }
    if (Date.now() >= until) return 'time';
    // An end by the signal is seen above.
    await setTimeout(options.intervalMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}
