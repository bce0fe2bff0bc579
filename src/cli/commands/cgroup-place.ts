import { SystemError } from '../../core/diagnostic/system-error.ts';
import { isContainerId } from '../../core/oci/state.ts';
import { type Move, planMoves } from '../../helpers/sandbox/overhead-moves.ts';
import {
  placeOnce,
  type RecordedPlacement,
  recordedPlacement,
  watchThreads,
} from '../../helpers/sandbox/place-threads.ts';
import { moveDeed } from '../../helpers/sandbox-overhead.ts';
import { WishError } from '../../helpers/wish-error.ts';
import { assertSameProcess } from '../../linux/cgroup/container-process.ts';
import { errorDocuments } from '../../linux/cgroup/plan-document.ts';
import { writeFindings } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote, writeResult } from '../output.ts';
import { selectorOf, type VcpuFlags } from './helper-sandbox-overhead.ts';

/** Flags of `hooks cgroup place`. */
export interface CgroupPlaceFlags extends VcpuFlags {
  readonly pid?: string;
  readonly watch?: boolean;
  readonly for: string;
  readonly interval: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Does `hooks cgroup place`: puts a sandbox's threads where the sandbox-overhead helper would put them now. */
export async function cgroupPlace(id: string, flags: CgroupPlaceFlags): Promise<ExitStatus> {
  if (!isContainerId(id)) throw new UsageError(`this is no container id: ${id}`);
  const seconds = numberOf('--for', flags.for, 86_400);
  const intervalMs = numberOf('--interval', flags.interval, 60_000);
  const pid = flags.pid === undefined ? undefined : numberOf('--pid', flags.pid, 4_194_304);
  if (flags.watch && flags.dryRun) throw new UsageError('--watch moves threads as they come: leave --dry-run out');
  const isChosen = (flags.tid ?? flags.threadName) !== undefined;
  const selector = isChosen ? await selectorOf(flags) : undefined;
  let placement: RecordedPlacement;
  try {
    placement = await recordedPlacement(id, pid, selector);
  } catch (error) {
    if (!(error instanceof WishError)) throw error;
    writeFindings({ ignored: [], errors: errorDocuments(error.problems) });
    return EXIT.no;
  }
  const moves: Move[] = [];
  const moved = (move: Move): void => {
    moves.push(move);
    if (!flags.json) writeResult(`${moveDeed(move).join(' ')}\n`);
  };
  let ended: string | null = null;
  if (flags.dryRun) {
    assertSameProcess(placement.sandbox.vmm);
    for (const move of planMoves(placement)) moved(move);
  } else if (flags.watch) {
    ended = await watch(placement, { seconds, intervalMs, moved });
    if (!flags.quiet) writeNote(`note: the watch is over: ${ENDS[ended]}`);
  } else {
    assertSameProcess(placement.sandbox.vmm);
    if (!(await placeOnce(placement, moved))) {
      throw new SystemError('RECORD_NONE', { id, reason: 'its record went a moment ago, with its cgroups' });
    }
  }
  if (flags.json) {
    writeJson({ id, pid: placement.sandbox.vmm.pid, dryRun: flags.dryRun === true, ended, deeds: moves.map(moveDeed) });
  }
  return EXIT.done;
}

const ENDS: Readonly<Record<string, string>> = {
  'process-ended': 'the virtual machine has ended',
  'record-gone': 'the sandbox has stopped, or its record was removed',
  'cgroup-gone': 'a cgroup of the sandbox was removed',
  time: 'its time is up (--for)',
  signal: 'a signal asked for it',
};

async function watch(
  placement: RecordedPlacement,
  options: Omit<Parameters<typeof watchThreads>[1], 'signal'>,
): ReturnType<typeof watchThreads> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  try {
    return await watchThreads(placement, { ...options, signal: controller.signal });
  } finally {
    for (const name of signals) process.off(name, stop);
  }
}

function numberOf(flag: string, text: string, most: number): number {
  const number = /^[1-9]\d{0,7}$/.test(text) ? Number(text) : 0;
  if (number === 0 || number > most) throw new UsageError(`${flag} wants a number from 1 to ${most}, not ${text}`);
  return number;
}
