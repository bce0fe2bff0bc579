import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { OpenCgroup } from '../cgroup/open-cgroup.ts';
import {
  ATTACH,
  type AttachedPrograms,
  attachProgram,
  BYTE_ORDER,
  loadProgram,
  openProgram,
  type ProgramInfo,
  queryPrograms,
  readProgram,
  withProgram,
} from './bpf-call.ts';
import { bpfReason, errnoName } from './bpf-reason.ts';
import { combineMaps, type DeviceMap, sameMap } from './device-map.ts';
import { generateFromMap, generateOverride } from './generate.ts';
import { OVERRIDE_PROGRAM_NAME, OWN_PROGRAM_NAME } from './identify.ts';
import type { Instruction } from './instruction.ts';
import { liftProgram } from './lift.ts';
import { planWidening } from './widen.ts';

/** As crun: so often is started over when somebody else replaces programs at the same time. */
const ATTEMPTS = 20;

/** How a cgroup came to allow more. `none`: no program limits it; `unchanged`: it allowed everything already. */
export type WideningWay = 'none' | 'unchanged' | 'lifted' | 'prepended' | 'regenerated' | 'overridden';

/** What the caller knows and chooses when a program is replaced. */
export interface ProgramOptions {
  /** What the runtime allowed, read from config.json: for a program that the kernel does not give back. */
  readonly base?: DeviceMap | undefined;
  /** A refusal by the verifier is told with its log. */
  readonly verifierLog?: boolean;
  /** Called before a program is replaced; a test puts a second writer here. */
  readonly beforeAttach?: () => void;
}

/**
 * Gives the programs attached to a cgroup itself, in the order they run.
 *
 * @throws {SystemError} `BPF_QUERY`
 */
export function attachedPrograms(cgroup: OpenCgroup): AttachedPrograms {
  const attached = queryPrograms(cgroup.descriptor);
  if (typeof attached !== 'number') return attached;
  throw new SystemError('BPF_QUERY', { cgroup: cgroup.directory, reason: bpfReason(-attached, 'other') });
}

/** Reads the programs of a cgroup; one that may not be opened or is gone by now comes with its errno name. */
export function readPrograms(
  ids: readonly number[],
): (ProgramInfo | { readonly id: number; readonly errno: string })[] {
  return ids.map((id) => {
    const descriptor = openProgram(id);
    if (descriptor < 0) return { id, errno: errnoName(-descriptor) };
    const info = withProgram(descriptor, readProgram);
    return typeof info === 'number' ? { id, errno: errnoName(-info) } : info;
  });
}

/**
 * Makes a cgroup's programs allow `extra` besides what they allow: each that denies some of it is replaced in place,
 * atomically; where one cannot be, a program that overrides its denial is added. Only what is attached to this very
 * cgroup is changed.
 *
 * @throws {SystemError} `BPF_*`, `DEVICE_RACE`, `DEVICE_FIXED`
 */
export function widenCgroup(cgroup: OpenCgroup, extra: DeviceMap, options: ProgramOptions = {}): WideningWay {
  let way: WideningWay = 'none';
  // Ours of this very call: right by construction, also where the kernel hides them.
  const settled = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const attached = attachedPrograms(cgroup);
    if (attached.ids.length === 0) return way;
    const results = attached.ids.map((id) =>
      settled.has(id) ? 'unchanged' : widenProgram(cgroup, id, attached, extra, options, settled),
    );
    const changed = results.find((result) => isWay(result) && result !== 'unchanged');
    if (isWay(changed)) way = changed;
    else if (way === 'none') way = 'unchanged';
    if (results.includes('raced')) continue;
    const fixed = results.find((result) => typeof result === 'object');
    if (typeof fixed === 'object') {
      addOverride(cgroup, fixed, extra, attached.flags, options);
      return 'overridden';
    }
    // Looked at once more: what was attached meanwhile has to allow it as well.
    if (results.every((result) => result === 'unchanged')) return way;
  }
  throw new SystemError('DEVICE_RACE', { cgroup: cgroup.directory, attempts: ATTEMPTS });
}

/**
 * Takes devices away from a cgroup: one more program that denies them. Nothing that is attached has to be read or
 * replaced; a program that denies all of it already makes a second one needless.
 *
 * @throws {SystemError} `BPF_*`, `DEVICE_RACE`, `DEVICE_FIXED`
 */
export function restrictCgroup(
  cgroup: OpenCgroup,
  denials: DeviceMap,
  options: ProgramOptions = {},
): 'unchanged' | 'added' | 'folded' {
  const attached = attachedPrograms(cgroup);
  const isDenied = readPrograms(attached.ids).some((info) => {
    const map =
      'errno' in info || info.instructions === undefined ? undefined : liftProgram(info.instructions, BYTE_ORDER);
    return map !== undefined && sameMap(map, narrow(map, denials));
  });
  if (isDenied) return 'unchanged';
  // A cgroup whose program was attached to be alone takes no second one: its own is narrowed instead.
  if (attached.ids.length > 0 && (attached.flags & ATTACH.MULTI) === 0) {
    narrowProgram(cgroup, attached, denials, options);
    return 'folded';
  }
  const program = load(generateFromMap(denials, BYTE_ORDER), OWN_PROGRAM_NAME, options);
  withProgram(program, (descriptor) => attach(cgroup, descriptor, ATTACH.MULTI));
  return 'added';
}

/** A program that cannot be replaced, and why. */
interface FixedProgram {
  readonly id: number;
  readonly reason: string;
}

type ProgramResult = 'unchanged' | 'lifted' | 'prepended' | 'regenerated' | 'raced' | FixedProgram;

function isWay(result: ProgramResult | undefined): result is 'unchanged' | 'lifted' | 'prepended' | 'regenerated' {
  return typeof result === 'string' && result !== 'raced';
}

function widenProgram(
  cgroup: OpenCgroup,
  id: number,
  attached: AttachedPrograms,
  extra: DeviceMap,
  options: ProgramOptions,
  settled: Set<number>,
): ProgramResult {
  const old = openProgram(id);
  if (old < 0) return errnoName(-old) === 'ENOENT' ? 'raced' : { id, reason: bpfReason(-old, 'other') };
  return withProgram(old, (descriptor): ProgramResult => {
    const info = readProgram(descriptor);
    if (typeof info === 'number') return { id, reason: bpfReason(-info, 'other') };
    // It only ever undoes denials.
    if (info.name === OVERRIDE_PROGRAM_NAME) return 'unchanged';
    const plan = planProgram(info, attached, extra, options);
    if (plan.kind === 'unchanged') return 'unchanged';
    if (plan.kind === 'impossible') return { id, reason: plan.reason };
    const loaded = load(plan.program, OWN_PROGRAM_NAME, options);
    return withProgram(loaded, (program) => {
      options.beforeAttach?.();
      const isMulti = (attached.flags & ATTACH.MULTI) !== 0;
      const result = isMulti
        ? attachProgram(cgroup.descriptor, program, ATTACH.MULTI | ATTACH.REPLACE, descriptor)
        : attachProgram(cgroup.descriptor, program, attached.flags);
      if (result >= 0) {
        const own = readProgram(program);
        if (typeof own !== 'number') settled.add(own.id);
        return plan.kind;
      }
      if (errnoName(-result) !== 'ENOENT') throw attachError(cgroup, -result);
      // Held by a bpf_link, a program is listed and yet not to be replaced; otherwise it went away meanwhile.
      const isStillThere = attachedPrograms(cgroup).ids.includes(id);
      return isStillThere ? { id, reason: 'it is held by a bpf_link of another program' } : 'raced';
    });
  });
}

type ProgramPlan =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'impossible'; readonly reason: string }
  | { readonly kind: 'lifted' | 'prepended' | 'regenerated'; readonly program: readonly Instruction[] };

function planProgram(
  { instructions, name }: ProgramInfo,
  { ids }: AttachedPrograms,
  extra: DeviceMap,
  { base }: ProgramOptions,
): ProgramPlan {
  const plan: ProgramPlan =
    instructions === undefined
      ? {
          kind: 'impossible',
          reason: 'the kernel does not give it back (kernel.kptr_restrict, net.core.bpf_jit_harden)',
        }
      : planWidening(instructions, extra, BYTE_ORDER);
  // One of ours may hold what an earlier hook granted; config.json knows nothing of that.
  const isRuntimes = ids.length === 1 && name !== OWN_PROGRAM_NAME;
  if (plan.kind !== 'impossible' || base === undefined || !isRuntimes) return plan;
  return {
    kind: 'regenerated',
    program: generateFromMap(
      combineMaps(base, extra, (a, b) => a | b),
      BYTE_ORDER,
    ),
  };
}

/** Adds the program that undoes denials; where the kernel cannot, the program that is in the way is named. */
function addOverride(
  cgroup: OpenCgroup,
  { id, reason }: FixedProgram,
  extra: DeviceMap,
  flags: number,
  options: ProgramOptions,
): void {
  const isAlone = (flags & ATTACH.MULTI) === 0;
  const loaded = isAlone
    ? undefined
    : loadProgram(generateOverride(extra, BYTE_ORDER), { name: OVERRIDE_PROGRAM_NAME, override: true });
  if (typeof loaded !== 'number') {
    const why = isAlone ? 'the cgroup admits no second program' : 'this kernel cannot override it (5.18 and later can)';
    throw new SystemError('DEVICE_FIXED', { cgroup: cgroup.directory, id, reason: `${reason}, and ${why}` });
  }
  withProgram(loaded, (program) => {
    options.beforeAttach?.();
    attach(cgroup, program, ATTACH.MULTI);
  });
}

function narrowProgram(
  cgroup: OpenCgroup,
  attached: AttachedPrograms,
  denials: DeviceMap,
  options: ProgramOptions,
): void {
  const [info] = readPrograms(attached.ids);
  if (info === undefined) throw new SystemError('DEVICE_RACE', { cgroup: cgroup.directory, attempts: 1 });
  const instructions = 'errno' in info ? undefined : info.instructions;
  const map = instructions === undefined ? undefined : liftProgram(instructions, BYTE_ORDER);
  if (map === undefined) {
    const reason = 'it cannot be read, and the cgroup admits no second program';
    throw new SystemError('DEVICE_FIXED', { cgroup: cgroup.directory, id: info.id, reason });
  }
  const program = load(generateFromMap(narrow(map, denials), BYTE_ORDER), OWN_PROGRAM_NAME, options);
  withProgram(program, (descriptor) => attach(cgroup, descriptor, attached.flags));
}

function narrow(map: DeviceMap, denials: DeviceMap): DeviceMap {
  return combineMaps(map, denials, (left, right) => left & right);
}

function load(program: readonly Instruction[], name: string, { verifierLog = false }: ProgramOptions): number {
  const loaded = loadProgram(program, { name, verifierLog });
  if (typeof loaded === 'number') return loaded;
  const reason = bpfReason(loaded.errno, 'load');
  throw new SystemError('BPF_LOAD', { reason: loaded.log === '' ? reason : `${reason}\n${loaded.log}` });
}

function attach(cgroup: OpenCgroup, program: number, flags: number): void {
  const result = attachProgram(cgroup.descriptor, program, flags);
  if (result < 0) throw attachError(cgroup, -result);
}

function attachError(cgroup: OpenCgroup, errno: number): SystemError {
  return new SystemError('BPF_ATTACH', { cgroup: cgroup.directory, reason: bpfReason(errno, 'attach') });
}
