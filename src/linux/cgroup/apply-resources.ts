import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { ExactJson } from '../../core/oci/exact-json.ts';
import { type CallSystemd, callThroughBusctl } from '../systemd/busctl.ts';
import { findUnit, isSystemdRunning, type KnownUnit, readUnitProperties, setUnitProperties } from '../systemd/unit.ts';
import { unitOfCgroup } from '../systemd/unit-of-cgroup.ts';
import type { UnitProperty } from '../systemd/unit-properties.ts';
import { type AppliedWrite, applyWrites, type SkippedWrite } from './apply-writes.ts';
import { type CgroupTarget, directoryOfWrite } from './cgroup-target.ts';
import { planResources, type ResourcePlan, type ResourcePlanOptions } from './resource-plan.ts';

/** What is known of a target before anything is changed. */
export interface PreparedResources {
  readonly plan: ResourcePlan;
  /** The unit whose properties are set first; undefined where systemd has none for this very cgroup. */
  readonly unit: KnownUnit | undefined;
}

/** What was done. With `failure` all that could be taken back was; `left` lists what could not. */
export interface ApplyReport {
  readonly properties: readonly UnitProperty[];
  readonly unknownProperties: readonly UnitProperty[];
  readonly applied: readonly AppliedWrite[];
  readonly skipped: readonly SkippedWrite[];
  readonly failure: SystemError | undefined;
  readonly left: readonly AppliedWrite[];
}

/**
 * Plans resources for a cgroup as it is: its version, its weight files, its limit now, and the systemd that owns it.
 * A cgroup below a delegated unit has no properties: what is written there stays.
 */
export function prepareResources(
  target: CgroupTarget,
  json: ExactJson,
  options: Omit<ResourcePlanOptions, 'cgroup' | 'currentMemoryLimit'>,
  call: CallSystemd = callThroughBusctl,
): PreparedResources {
  const isPlain = [...target.directories.values()].some(({ place }) => place.isPlain === true);
  const owner = unitOfCgroup(target.path);
  const mayHaveUnit = !isPlain && owner?.path === target.path && isSystemdRunning();
  const unit = mayHaveUnit ? findUnit(owner, call) : undefined;
  const io = target.directories.get(target.version === 2 ? 'unified' : 'blkio');
  const bfqFile = target.version === 2 ? 'io.bfq.weight' : 'blkio.bfq.weight';
  const limit = target.directories.get('memory')?.read('memory.limit_in_bytes')?.trim();
  const plan = planResources(json, {
    ...options,
    cgroup: target.version,
    bfq: options.bfq ?? io?.read(bfqFile) !== undefined,
    systemd: options.systemd ?? unit?.version,
    currentMemoryLimit: limit !== undefined && /^\d+$/.test(limit) ? BigInt(limit) : undefined,
  });
  return { plan, unit };
}

/**
 * Does a plan: first the unit's properties, so that systemd does not undo the rest, then the files in order. When one
 * fails, what was done is taken back.
 *
 * @throws {SystemError} `CGROUP_MEMORY_IN_USE`, `SYSTEMD_CALL`; nothing was changed then
 */
export function applyResources(
  target: CgroupTarget,
  { plan, unit }: PreparedResources,
  call: CallSystemd = callThroughBusctl,
): ApplyReport {
  if (plan.problems.length > 0) throw new TypeError('a plan with problems is not applied');
  checkMemory(target, plan);
  const wanted = unit === undefined ? [] : plan.properties;
  const before = unit === undefined ? [] : readUnitProperties(unit, wanted, call);
  const { set, unknown } = unit === undefined ? NO_PROPERTIES : setUnitProperties(unit, wanted, call);
  const report = applyWrites(plan.writes, directoryOfWrite(target));
  if (report.failure !== undefined && unit !== undefined && set.length > 0) {
    const names = new Set(set.map(({ name }) => name));
    try {
      setUnitProperties(
        unit,
        before.filter(({ name }) => names.has(name)),
        call,
      );
    } catch {
      // The first failure is the one to tell; `properties` says what systemd was given.
    }
  }
  return { properties: set, unknownProperties: unknown, ...report };
}

const NO_PROPERTIES = { set: [], unknown: [] } as const;

function checkMemory(target: CgroupTarget, { memoryCheck }: ResourcePlan): void {
  const directory = target.directories.get('unified');
  if (memoryCheck === undefined || directory === undefined) return;
  const files = memoryCheck.withSwap ? ['memory.current', 'memory.swap.current'] : ['memory.current'];
  // What cannot be read counts as nothing, as in runc: the check is a courtesy, the kernel's limit holds anyway.
  const current = files.reduce((sum, file) => sum + BigInt(/^\d+/.exec(directory.read(file) ?? '')?.[0] ?? 0), 0n);
  if (memoryCheck.bytes > current) return;
  const args = { bytes: String(memoryCheck.bytes), current: String(current), path: directory.directory };
  throw new SystemError('CGROUP_MEMORY_IN_USE', args);
}
