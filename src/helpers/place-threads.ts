import { SystemError } from '../core/diagnostic/system-error.ts';
import { identifyProcess } from '../linux/cgroup/container-process.ts';
import { listThreads } from '../linux/process/process-tree.ts';
import { doMove, type Move, type Placement, planMoves } from './overhead-moves.ts';
import { OVERHEAD_VERB, type OverheadRecord } from './overhead-record.ts';
import { readRecordsOf } from './record.ts';
import { compileVcpuSelector, type VcpuSelector } from './vcpu-threads.ts';

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
export type WatchEnd = 'process-ended' | 'time' | 'signal';

/**
 * Gives the placement that the `sandbox-overhead` helper recorded for a sandbox, to be done once more.
 *
 * @param monitor - the monitor's pid, where two engines have a sandbox of this id
 * @param selector - instead of the recorded one
 * @throws {SystemError} `RECORD_NONE`, `RECORD`; {PatternError}
 */
export async function recordedPlacement(
  id: string,
  monitor: number | undefined,
  selector: VcpuSelector | undefined,
): Promise<Placement> {
  // Written by this program, in a directory that nobody else can write to.
  const records = readRecordsOf(id, OVERHEAD_VERB) as OverheadRecord[];
  const found = records.filter(({ sandbox }) => monitor === undefined || sandbox.vmm.pid === monitor);
  const [record] = found;
  if (record === undefined || found.length > 1) {
    const none = 'run `hooks helper sandbox-overhead` for it first';
    const pids = found.map(({ sandbox }) => sandbox.vmm.pid).join(' or ');
    throw new SystemError('RECORD_NONE', { id, reason: record === undefined ? none : `say --pid ${pids}` });
  }
  const { branches, layout, sandbox, withShim } = record;
  const isVcpu = await compileVcpuSelector(selector ?? record.selector);
  return { branches, layout, sandbox, withShim, isVcpu };
}

/**
 * Places what is not in place now.
 *
 * @throws {SystemError} `PROCESS_GONE`, `PROCESS_REUSED`, `CGROUP_MOVE`, ...
 */
export function placeOnce(placement: Placement, moved: (move: Move) => void): void {
  for (const move of planMoves(placement)) if (doMove(move, placement.sandbox.vmm)) moved(move);
}

/**
 * Places threads as they appear, by looking at the monitor's list of threads again and again: the kernel tells nobody of a
 * new thread, and its name comes after it. Ends with the monitor, after the time given, or at the signal.
 */
export async function watchThreads(placement: Placement, options: WatchOptions): Promise<WatchEnd> {
  const { vmm } = placement.sandbox;
  const until = Date.now() + options.seconds * 1000;
  let seen = '';
  for (;;) {
    if (options.signal.aborted) return 'signal';
    try {
      if (identifyProcess(vmm.pid).startTime !== vmm.startTime) return 'process-ended';
      const now = listThreads(vmm.pid)
        .map(({ tid, name }) => `${tid} ${name}`)
        .join('\n');
      // Looking where each thread is costs more than seeing that there is no new one.
      if (now !== seen) placeOnce(placement, options.moved);
      seen = now;
    } catch (error) {
      if (error instanceof SystemError && error.code === 'PROCESS_GONE') return 'process-ended';
      throw error;
    }
    if (Date.now() >= until) return 'time';
    await sleep(options.intervalMs, options.signal);
  }
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
  });
}
