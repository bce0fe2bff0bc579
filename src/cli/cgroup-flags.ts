import type { ExactJson } from '../core/oci/exact-json.ts';
import type { PlanDocument } from '../linux/cgroup/plan-document.ts';
import type { CgroupProblem } from '../linux/cgroup/problem.ts';
import type { ResourcePlanOptions } from '../linux/cgroup/resource-plan.ts';
import { UsageError } from './exit-status.ts';
import { readJsonInput } from './json-input.ts';
import { writeNote } from './output.ts';

/** Flags that `hooks cgroup plan` and `hooks cgroup apply` share. */
export interface ResourceFlags {
  readonly resources?: string;
  readonly unified?: string;
  readonly bfq?: boolean;
  readonly weightFormula?: 'log' | 'linear';
  readonly dialect?: 'runc' | 'crun';
  readonly systemd?: string;
  readonly swappiness0?: 'ignore' | 'swap-max';
  readonly oomKillerDisabled?: 'ignore' | 'oom-score-adj';
  readonly reservation?: 'low' | 'min';
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** What the flags ask for; with problems nothing can be planned. */
export interface ResourceInput {
  readonly json: ExactJson;
  readonly options: Omit<ResourcePlanOptions, 'cgroup'>;
  readonly problems: readonly CgroupProblem[];
}

/**
 * Reads the files that the flags name.
 *
 * @throws {UsageError} when there is none, or the systemd version is no number
 * @throws {SystemError} `FILE_READ`, `STDIN_READ`
 */
export function readResourceFlags(flags: ResourceFlags): ResourceInput {
  if (flags.resources === undefined && flags.unified === undefined) {
    throw new UsageError('give --resources FILE or --unified FILE, or both');
  }
  if (flags.resources === '-' && flags.unified === '-') throw new UsageError('only one file can be standard input');
  const systemd = flags.systemd === undefined ? undefined : /^v?(\d{1,4})(?![\d])/.exec(flags.systemd)?.[1];
  if (flags.systemd !== undefined && systemd === undefined) {
    throw new UsageError(`--systemd wants a version such as 252, not ${flags.systemd}`);
  }
  const resources = flags.resources === undefined ? { json: {} } : readJsonInput(flags.resources);
  const unified = flags.unified === undefined ? undefined : readJsonInput(flags.unified);
  const problems = [resources, unified].flatMap((input) => (input && 'problem' in input ? [input.problem] : []));
  return {
    json: 'json' in resources ? resources.json : {},
    options: {
      dialect: flags.dialect,
      weightFormula: flags.weightFormula,
      bfq: flags.bfq,
      swappiness0: flags.swappiness0,
      oomKillerDisabled: flags.oomKillerDisabled,
      reservation: flags.reservation,
      systemd: systemd === undefined ? undefined : Number(systemd),
      unified: unified !== undefined && 'json' in unified ? unified.json : undefined,
    },
    problems,
  };
}

/** Gives a plan as lines for people: `property NAME VALUE`, then `write FILE VALUE`, in the order they are done. */
export function planLines({ writes, properties }: Pick<PlanDocument, 'writes' | 'properties'>): string {
  const lines = [
    ...properties.map(([name, , value]) => `property ${name} ${JSON.stringify(value)}`),
    ...writes.map(([file, value]) => `write ${file} ${JSON.stringify(value)}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** Writes what has no effect and what is wrong to standard error. */
export function writeFindings({ ignored, errors }: Pick<PlanDocument, 'ignored' | 'errors'>, quiet = false): void {
  if (!quiet) for (const { field, reason } of ignored) writeNote(`note: ${field} is ignored: ${reason}`);
  for (const { code, message } of errors) writeNote(`hooks: error ${code}: ${message}`);
}
