import type { ExactJson } from '../../core/oci/exact-json.ts';
import { runcQuota } from '../systemd/cpu-quota.ts';
import { type UnitProperty, unitProperties } from '../systemd/unit-properties.ts';
import type { CgroupWrite, IgnoredField } from './cgroup-write.ts';
import { convertV1 } from './convert-v1.ts';
import { convertV2, type V2Options } from './convert-v2.ts';
import type { CgroupProblem } from './problem.ts';
import { parseResources, type Resources } from './resources.ts';

/** What decides how linux.resources become writes. Only `cgroup` has no default. */
export interface ResourcePlanOptions {
  readonly cgroup: 1 | 2;
  readonly dialect?: V2Options['dialect'] | undefined;
  readonly weightFormula?: V2Options['weightFormula'] | undefined;
  readonly bfq?: boolean | undefined;
  readonly swappiness0?: V2Options['swappiness0'] | undefined;
  readonly oomKillerDisabled?: V2Options['oomKillerDisabled'] | undefined;
  readonly reservation?: V2Options['reservation'] | undefined;
  /** The version of the systemd that owns the unit; undefined for no properties. */
  readonly systemd?: number | undefined;
  /** What memory.limit_in_bytes holds now (v1). */
  readonly currentMemoryLimit?: bigint | undefined;
  /** More of `unified`, set after that of the resources; a key in both counts once, as given here. */
  readonly unified?: ExactJson | undefined;
}

/** What is to be done to a cgroup and its unit. With problems nothing may be done. */
export interface ResourcePlan {
  readonly writes: readonly CgroupWrite[];
  readonly properties: readonly UnitProperty[];
  readonly ignored: readonly IgnoredField[];
  readonly problems: readonly CgroupProblem[];
  /** Bytes that memory use must stay below for the plan to be applied (memory.checkBeforeUpdate on v2). */
  readonly memoryCheck: MemoryCheck | undefined;
}

/** What checkBeforeUpdate compares: runc looks at memory alone, crun at memory and swap together. */
export interface MemoryCheck {
  readonly withSwap: boolean;
  readonly bytes: bigint;
}

/** Plans a linux.resources object, as parseExactJson gives it, for one cgroup; pure, and all faults at once. */
export function planResources(json: ExactJson, options: ResourcePlanOptions): ResourcePlan {
  const parsed = parseResources(json);
  const extra = options.unified === undefined ? undefined : parseResources({ unified: options.unified });
  const resources = { ...parsed.resources, unified: merge(parsed.resources.unified, extra?.resources.unified ?? []) };
  const dialect = options.dialect ?? 'runc';
  const weightFormula = options.weightFormula ?? 'log';
  const bfq = options.bfq ?? false;
  // What goes to the files: runc writes the quota that systemd was told.
  const isRounded = options.systemd !== undefined && dialect === 'runc';
  const filed = isRounded ? { ...resources, cpu: { ...resources.cpu, quota: runcQuota(resources.cpu) } } : resources;
  const converted =
    options.cgroup === 2
      ? convertV2(filed, {
          dialect,
          weightFormula,
          bfq,
          swappiness0: options.swappiness0 ?? 'ignore',
          oomKillerDisabled: options.oomKillerDisabled ?? 'ignore',
          reservation: options.reservation ?? 'low',
        })
      : convertV1(filed, { dialect, bfq, currentMemoryLimit: options.currentMemoryLimit });
  const units =
    options.systemd === undefined
      ? { properties: [], ignored: [], problems: [] }
      : unitProperties(resources, { dialect, weightFormula, cgroup: options.cgroup, systemd: options.systemd });
  const problems = [
    ...parsed.problems,
    ...(extra?.problems ?? []),
    ...withoutRepeats(converted.problems, units.problems),
  ];
  return {
    writes: problems.length > 0 ? [] : converted.writes,
    properties: problems.length > 0 ? [] : units.properties,
    ignored: [
      ...resources.unknown.map((field) => ({ field, reason: 'linux.resources has no such member' })),
      ...converted.ignored,
      ...units.ignored,
    ],
    problems,
    memoryCheck: options.cgroup === 2 ? memoryCheck(resources, dialect) : undefined,
  };
}

function merge(first: Resources['unified'], second: Resources['unified']): readonly (readonly [string, string])[] {
  const given = new Set(second.map(([key]) => key));
  return [...first.filter(([key]) => !given.has(key)), ...second];
}

function withoutRepeats(first: readonly CgroupProblem[], second: readonly CgroupProblem[]): CgroupProblem[] {
  const key = ({ code, field }: CgroupProblem): string => `${code} ${field}`;
  const seen = new Set(first.map(key));
  return [...first, ...second.filter((each) => !seen.has(key(each)))];
}

function memoryCheck({ memory }: Resources, dialect: V2Options['dialect']): MemoryCheck | undefined {
  if (memory.checkBeforeUpdate !== true) return undefined;
  const bounds = [memory.limit, memory.swap].filter((value) => value !== undefined && value > 0n);
  if (dialect === 'crun')
    return { withSwap: true, bytes: bounds.reduce((sum: bigint, value) => sum + (value ?? 0n), 0n) };
  const least = bounds.reduce((low, value) => (low === undefined || (value ?? 0n) < low ? value : low), undefined);
  return least === undefined ? undefined : { withSwap: false, bytes: least };
}
