import { readFileSync } from 'node:fs';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { type CgroupBranch, directoryIn, placeIn } from '../../linux/cgroup/branch.ts';
import { assertSameProcess, type ProcessIdentity } from '../../linux/cgroup/container-process.ts';
import { errnoReason, isUnsupported } from '../../linux/cgroup/errno-reason.ts';
import { writeInto } from '../../linux/cgroup/make-cgroup.ts';
import { type CgroupPlace, OpenCgroup } from '../../linux/cgroup/open-cgroup.ts';
import { parseProcessCgroups } from '../../linux/cgroup/process-cgroup.ts';
import { isThreadOf, listThreads, processTree } from '../../linux/process/process-tree.ts';
import type { OverheadLayout } from './overhead-layout.ts';
import type { SandboxProcesses } from './sandbox-process.ts';
import { type IsVcpu, vcpuThreads } from './vcpu-threads.ts';

/** A process or a thread that is not where it belongs. */
export interface Move {
  readonly what: 'process' | 'thread';
  readonly id: number;
  /** The process that it is, or belongs to. */
  readonly process: ProcessIdentity;
  readonly branch: CgroupBranch;
  /** Where it is; undefined where that cannot be told, as for a plain directory. */
  readonly from: string | undefined;
  readonly to: string;
}

/** What decides who goes where. */
export interface Placement {
  readonly branches: readonly CgroupBranch[];
  readonly layout: OverheadLayout;
  readonly sandbox: SandboxProcesses;
  readonly withShim: boolean;
  readonly isVcpu: IsVcpu;
}

/**
 * Gives the processes of a sandbox: the monitor with what it started, and on request the shim with all that is its. This
 * very process, which a shim may have started as a hook, is not one of them.
 */
export function sandboxMembers({ sandbox, withShim }: Pick<Placement, 'sandbox' | 'withShim'>): ProcessIdentity[] {
  const { vmm, shim } = sandbox;
  const trees = [vmm, ...(withShim && shim !== undefined ? [shim] : [])].flatMap(({ pid }) => processTree(pid));
  const members = new Map<number, ProcessIdentity>([[vmm.pid, vmm]]);
  for (const { pid, startTime } of trees) {
    if (pid !== process.pid && !members.has(pid)) members.set(pid, { pid, startTime });
  }
  return [...members.values()];
}

/** Finds what is not where it belongs, as things are now: the other processes first, as Kata does, and vCPU threads last. */
export function planMoves(placement: Placement): Move[] {
  const { vmm } = placement.sandbox;
  const vcpus = vcpuThreads(vmm.pid, placement.isVcpu);
  const members = sandboxMembers(placement);
  const ordered = [...members.filter(({ pid }) => pid !== vmm.pid), vmm];
  return placement.branches.flatMap((branch) => ordered.flatMap((member) => movesOf(member, branch, placement, vcpus)));
}

/**
 * Does a move. One whose process or thread ended meanwhile is done; gives false for it.
 *
 * @throws {SystemError} `CGROUP_MOVE`, `CGROUP_NOT_FOUND`, `PROCESS_REUSED`; `PROCESS_GONE` for the monitor itself
 */
export function doMove({ what, id, process: owner, branch, to }: Move, monitor: ProcessIdentity): boolean {
  const cgroup = OpenCgroup.open(placeIn(branch, to));
  try {
    assertSameProcess(owner);
    if (what === 'thread' && !isThreadOf(owner.pid, id)) return false;
    writeInto(cgroup, what === 'process' ? 'cgroup.procs' : threadFile(branch), String(id));
    return true;
  } catch (error) {
    const isGone = error instanceof SystemError && error.code === 'PROCESS_GONE';
    if (isGone && owner.pid !== monitor.pid) return false;
    if (error instanceof SystemError) throw error;
    if (errnoOf(error) === 'ESRCH') {
      if (what === 'process' && owner.pid === monitor.pid) assertSameProcess(owner);
      return false;
    }
    const args = { what, id, path: cgroup.directory, reason: moveReason(error, cgroup) };
    throw new SystemError('CGROUP_MOVE', args, { cause: error });
  } finally {
    cgroup.close();
  }
}

/** Gives where a process or thread is in a branch, counted from the root of the hierarchy; undefined where it is gone. */
export function cgroupIn(branch: CgroupBranch, pid: number, tid: number = pid): string | undefined {
  if (branch.isPlain) return undefined;
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/task/${tid}/cgroup`, 'utf8');
  } catch {
    // It ended: whoever moves it finds out.
    return undefined;
  }
  const { unified, controllers } = parseProcessCgroups(text);
  return branch.version === 2 ? unified : controllers.get(branch.controllers[0] ?? '');
}

/** A cgroup that processes of the sandbox were in before. */
export interface Origin extends CgroupPlace {
  readonly pids: readonly number[];
}

/** Gives where members came from, each place once: the root of a hierarchy is no such place. */
export function originsOf(moves: readonly Move[]): Origin[] {
  const places = new Map<string, Origin>();
  for (const { branch, process: owner, from, to } of moves) {
    if (from === undefined || from === '/' || from === to || /\/\.\.(\/|$)| \(deleted\)$/.test(from)) continue;
    if (branch.root !== '/' && !from.startsWith(`${branch.root}/`)) continue;
    const name = directoryIn(branch, from);
    const pids = new Set([...(places.get(name)?.pids ?? []), owner.pid]);
    places.set(name, { ...placeIn(branch, from), pids: [...pids] });
  }
  return [...places.values()].slice(0, ORIGINS_LIMIT);
}

/** A sandbox has a handful of processes, started in one or two cgroups. */
const ORIGINS_LIMIT = 64;

function movesOf(
  member: ProcessIdentity,
  branch: CgroupBranch,
  { layout, sandbox }: Placement,
  vcpus: ReadonlySet<number>,
): Move[] {
  const isMonitor = member.pid === sandbox.vmm.pid;
  const main = isMonitor ? layout.monitor : layout.others;
  const move = (what: Move['what'], id: number, from: string | undefined, to: string): Move => ({
    what,
    id,
    process: member,
    branch,
    from,
    to,
  });
  const whole = (from: string | undefined): Move => move('process', member.pid, from, main);
  if (branch.version === 2 && layout.split !== 'threaded') {
    const from = cgroupIn(branch, member.pid);
    return from === main ? [] : [whole(from)];
  }
  const threads = listThreads(member.pid).map(({ tid }) => {
    const to = isMonitor && vcpus.has(tid) ? layout.vcpu : main;
    return { tid, from: cgroupIn(branch, member.pid, tid), to };
  });
  const wrong = threads.filter(({ from, to }) => from !== to);
  if (wrong.length === 0) return [];
  // A process that came as a whole goes as a whole; threads that are in place already stay there.
  const isNew = threads.every(({ from }) => from !== main && from !== layout.vcpu);
  if (!isNew) return wrong.map(({ tid, from, to }) => move('thread', tid, from, to));
  const apart = threads.filter(({ to }) => to !== main);
  return [whole(threads[0]?.from), ...apart.map(({ tid, to }) => move('thread', tid, main, to))];
}

function threadFile({ version }: CgroupBranch): 'tasks' | 'cgroup.threads' {
  return version === 1 ? 'tasks' : 'cgroup.threads';
}

function moveReason(error: unknown, cgroup: OpenCgroup): string {
  const errno = errnoOf(error);
  const type = cgroup.read('cgroup.type')?.trim();
  if (isUnsupported(error) && type !== undefined) {
    return `the cgroup is "${type}" (cgroup.type); a thread moves only between threaded cgroups of one domain, and a process not into one that is "domain invalid"`;
  }
  if (errno === 'EBUSY' && type !== undefined) {
    return 'the cgroup passes controllers on to those below it (cgroup.subtree_control), and then v2 lets no process in';
  }
  if (errno === 'ENOSPC') return 'its cpuset has no processor or memory node (ENOSPC)';
  return errnoReason(error);
}
