import { SystemError } from '../core/diagnostic/system-error.ts';
import type { ExactJson } from '../core/oci/exact-json.ts';
import { hasStopped, type OciState } from '../core/oci/state.ts';
import { parseAccess } from '../linux/bpf/device-request.ts';
import type { DeviceRule } from '../linux/bpf/device-rule.ts';
import { cgroupBranches, directoryIn, placeIn } from '../linux/cgroup/branch.ts';
import { isThere } from '../linux/cgroup/make-cgroup.ts';
import { findWishes } from '../linux/device/find-wishes.ts';
import { grantedOverhead } from './annotation-wish.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';
import { withRecordLock } from './record-lock.ts';
import { type Deed, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';
import { type OverheadLayout, planLayout } from './sandbox/overhead-layout.ts';
import { doMove, type Move, originsOf, type Placement, planMoves } from './sandbox/overhead-moves.ts';
import { type OverheadRecord, readOverheadRecord } from './sandbox/overhead-record.ts';
import { type Step, setupSteps } from './sandbox/overhead-steps.ts';
import { undoSteps } from './sandbox/overhead-undo.ts';
import { type SandboxDevices, sandboxDevices } from './sandbox/sandbox-devices.ts';
import { sandboxFindings } from './sandbox/sandbox-findings.ts';
import { type SandboxProcesses, sandboxProcesses } from './sandbox/sandbox-process.ts';
import { isPodContainer } from './sandbox/sandbox-role.ts';
import { assertThreadsOf, compileVcpuSelector, type VcpuSelector } from './sandbox/vcpu-threads.ts';
import { WishError } from './wish-error.ts';

/** What the `sandbox-overhead` helper is told. */
export interface SandboxOverheadFlags extends HelperFlags {
  /** Undefined: an annotation that the policy grants, else false, as Kata does unless it is told. */
  readonly cgroupOnly?: boolean;
  readonly threads?: 'process' | 'threaded';
  /** A directory, a slice, or `SLICE:PREFIX`. */
  readonly overheadCgroup: string;
  /** Instead of `linux.cgroupsPath` of config.json. */
  readonly sandboxCgroup?: string;
  readonly selector: VcpuSelector;
  /** The shim and all that it started belong to the sandbox. */
  readonly shim: boolean;
  /** Whether the sandbox's cgroup is bounded to a monitor's devices. */
  readonly devices: 'kata' | 'none';
  /** Devices that it may open besides. */
  readonly allowDevices: readonly string[];
  readonly cpus?: string;
  readonly mems?: string;
  /** The sandbox has stopped, where the state does not say so. */
  readonly stopped?: boolean;
  /** Called after each step; a test stops here. */
  readonly afterStep?: (deed: Deed) => void;
}

/** More rounds than a virtual machine needs to have all its threads in place. */
const ROUNDS = 16;

/**
 * Puts a sandbox's processes where its pod is accounted for: into one cgroup, or its vCPU threads into one and all else
 * into another, which nobody bounds but the administrator. Done again it places what has come since. When the sandbox has
 * ended, or its state says so, what the record names is drained and removed.
 *
 * @throws {WishError}, {ConfigError} `POLICY_*`, {SystemError} `PROCESS_*`, `CGROUP_*`, `SYSTEMD_CALL`, `BPF_*`, ...
 */
export async function placeSandbox(state: OciState, flags: SandboxOverheadFlags): Promise<HelperReport> {
  // Two at once would each take the other's cgroups for their own, or lose the record of them.
  return flags.dryRun === true ? placeAlone(state, flags) : withRecordLock(state, () => placeAlone(state, flags));
}

async function placeAlone(state: OciState, flags: SandboxOverheadFlags): Promise<HelperReport> {
  const before = readOverheadRecord(state);
  if (flags.stopped === true || hasStopped(state) === true) return undo(state, before, flags);
  if (isPodContainer(state)) return NOTHING_TO_DO;
  const sandbox = findSandbox(state, before, flags.sandbox === true);
  if (sandbox === undefined) return undo(state, before, flags);
  const warnings: string[] = [];
  const setup = await planSandbox(state, flags, sandbox, warnings);
  const isSame = before !== undefined && isSameSetup(before, setup.record);
  // Of another machine that had this id, or of other wishes: taken away before anything is made.
  const old = isSame || before === undefined ? [] : undoSteps(state, before);
  if (flags.dryRun !== true) perform(old, flags);
  const record: OverheadRecord = isSame
    ? {
        ...setup.record,
        directories: before.directories,
        intended: before.intended,
        scopes: before.scopes,
        origins: before.origins,
      }
    : setup.record;
  const context = {
    ...setup,
    key: { id: state.id, bundle: state.bundle },
    record,
    warn: (text: string) => warnings.push(text),
  };
  const steps = setupSteps(context);
  const deeds = [...old, ...steps].map(({ deed }) => deed);
  const { placement } = setup;
  if (flags.dryRun === true) {
    deeds.push(...planMoves(placement).filter(isByHand(placement)).map(moveDeed));
  } else {
    try {
      perform(steps, flags);
      deeds.push(...settle(placement, flags, warnings));
    } catch (error) {
      takeBack(context.key);
      throw error;
    }
  }
  warnings.push(...sandboxFindings(placement));
  return { cgroup: placement.layout.sandbox.path, deeds, ignored: [], warnings };
}

/** Finds the monitor; undefined where it has ended and there is something to undo. */
function findSandbox(
  state: OciState,
  before: OverheadRecord | undefined,
  isGiven: boolean,
): SandboxProcesses | undefined {
  try {
    return sandboxProcesses(state, isGiven);
  } catch (error) {
    // Kata says nowhere that a container has stopped: at poststop its state has the number of a thread that is gone.
    const isOver = error instanceof SystemError && ['PROCESS_GONE', 'PROCESS_NONE'].includes(error.code);
    if (isOver && before !== undefined) return undefined;
    throw error;
  }
}

interface PlannedSandbox {
  readonly placement: Placement;
  readonly record: OverheadRecord;
  readonly devices: SandboxDevices | undefined;
  readonly cpus: string | undefined;
  readonly mems: string | undefined;
}

async function planSandbox(
  state: OciState,
  flags: SandboxOverheadFlags,
  sandbox: SandboxProcesses,
  warnings: string[],
): Promise<PlannedSandbox> {
  const asked =
    flags.cgroupOnly !== undefined && flags.threads !== undefined ? {} : await grantedOverhead(state, flags.policy);
  const cgroupOnly = flags.cgroupOnly ?? asked.cgroupOnly ?? false;
  const threads = flags.threads ?? asked.threads ?? 'process';
  const branches = cgroupBranches(flags.cgroupRoot);
  const version = branches[0]?.version ?? 2;
  if (threads === 'threaded' && cgroupOnly)
    warnings.push('one cgroup for all has no threads apart: --threads has no effect');
  if (threads === 'threaded' && version === 1)
    warnings.push('on cgroup v1 every thread has its own place: --threads has no effect');
  if (flags.shim && sandbox.shim === undefined)
    warnings.push(`process ${sandbox.vmm.pid} has no shim above it: --shim has no effect`);
  const config = readBundleConfig(state);
  const { id } = state;
  const cgroupsPath = flags.sandboxCgroup ?? textOf(memberOf(config, 'linux', 'cgroupsPath')) ?? '';
  const { overheadCgroup } = flags;
  const planned = planLayout({ id, cgroupsPath, cgroupOnly, threads, overheadCgroup, version });
  if ('problems' in planned) throw new WishError(planned.problems);
  const layout = flags.cgroupRoot === undefined ? planned.layout : withoutUnits(planned.layout);
  const devices = devicesOf(memberOf(config, 'linux', 'resources', 'devices'), cgroupOnly, flags);
  assertThreadsOf(sandbox.vmm.pid, flags.selector.tids);
  const isVcpu = await compileVcpuSelector(flags.selector);
  const placement: Placement = { branches, layout, sandbox, withShim: flags.shim, isVcpu };
  const origins = originsOf(planMoves(placement));
  const cpu = (name: string): string | undefined => textOf(memberOf(config, 'linux', 'resources', 'cpu', name));
  return {
    placement,
    devices,
    cpus: flags.cpus ?? cpu('cpus'),
    mems: flags.mems ?? cpu('mems'),
    record: {
      directories: [],
      processes: [],
      intended: [],
      branches,
      layout,
      sandbox,
      withShim: flags.shim,
      selector: flags.selector,
      origins,
      scopes: [],
    },
  };
}

function devicesOf(
  json: ExactJson | undefined,
  cgroupOnly: boolean,
  { devices, allowDevices }: SandboxOverheadFlags,
): SandboxDevices | undefined {
  if (devices === 'none') return undefined;
  const { wishes } = findWishes(allowDevices, parseAccess('rwm'), true);
  const more = wishes.map(({ type, major, minor }): DeviceRule => ({ allow: true, type, major, minor, access: 'rwm' }));
  const found = sandboxDevices(json, { withLoop: cgroupOnly, more });
  if ('problems' in found) throw new WishError(found.problems);
  return found.isOpen ? undefined : found;
}

/** In a plain directory nobody makes units: each is a directory as any other. */
function withoutUnits(layout: OverheadLayout): OverheadLayout {
  const { sandbox, overhead } = layout;
  return { ...layout, sandbox: { path: sandbox.path }, overhead: overhead && { path: overhead.path } };
}

function isSameSetup(before: OverheadRecord, now: OverheadRecord): boolean {
  const shape = ({ layout, branches, sandbox, withShim }: OverheadRecord): string =>
    JSON.stringify(sorted({ layout, branches, vmm: sandbox.vmm, withShim }));
  return shape(before) === shape(now);
}

/** JSON keeps no order of keys that one could count on. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, sorted(item)]);
}

function perform(steps: readonly Step[], { afterStep }: SandboxOverheadFlags): void {
  for (const { deed, run } of steps) {
    run();
    afterStep?.(deed);
  }
}

/** Moves what is not in place until nothing is: what starts meanwhile inherits the cgroup of whoever started it. */
function settle(placement: Placement, { afterStep }: SandboxOverheadFlags, warnings: string[]): Deed[] {
  const deeds: Deed[] = [];
  const isPlain = placement.branches.some((branch) => branch.isPlain);
  for (let round = 0; round < (isPlain ? 1 : ROUNDS); round++) {
    const moves = planMoves(placement).filter(isPossible(placement));
    if (moves.length === 0) return deeds;
    for (const move of moves) {
      doMove(move, placement.sandbox.vmm);
      const deed = moveDeed(move);
      deeds.push(deed);
      afterStep?.(deed);
    }
  }
  if (!isPlain)
    warnings.push(`the sandbox starts threads faster than they are placed: call this again, or \`hooks cgroup place\``);
  return deeds;
}

/** An overhead scope that was not made, for want of processes, takes none that come later either: it is reported as that. */
function isPossible({ layout }: Placement): (move: Move) => boolean {
  const isScope = layout.overhead?.unit !== undefined;
  return ({ branch, to }) => !isScope || to !== layout.overhead?.path || isThere(placeIn(branch, to));
}

/** systemd moves the processes that it makes a scope around. */
function isByHand({ layout }: Placement): (move: Move) => boolean {
  const units = [layout.sandbox, ...(layout.overhead === undefined ? [] : [layout.overhead])];
  return ({ what, to }) => what === 'thread' || !units.some(({ unit, path }) => unit !== undefined && path === to);
}

function undo(state: OciState, record: OverheadRecord | undefined, flags: SandboxOverheadFlags): HelperReport {
  if (record === undefined) return NOTHING_TO_DO;
  const steps = undoSteps(state, record);
  if (flags.dryRun !== true) perform(steps, flags);
  return { cgroup: record.layout.sandbox.path, deeds: steps.map(({ deed }) => deed), ignored: [], warnings: [] };
}

/** Leaves nothing behind when the set-up fails; what cannot be taken back stays in the record, for poststop. */
function takeBack(key: { readonly id: string; readonly bundle: string }): void {
  const record = readOverheadRecord(key);
  if (record === undefined) return;
  try {
    for (const { run } of undoSteps(key, record)) run();
  } catch (error) {
    // The failure that led here is the one to tell; the record has what is left.
    if (!(error instanceof SystemError)) throw error;
  }
}

/** Gives a move as a deed. */
export function moveDeed({ what, id, branch, to }: Move): Deed {
  const directory = directoryIn(branch, to);
  return what === 'process' ? ['move-process', id, directory] : ['move-thread', id, directory];
}

function textOf(json: ExactJson | undefined): string | undefined {
  return typeof json === 'string' ? json : undefined;
}
