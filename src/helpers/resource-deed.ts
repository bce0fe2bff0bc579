import { SystemError } from '../core/diagnostic/system-error.ts';
import type { ExactJson } from '../core/oci/exact-json.ts';
import type { OciState } from '../core/oci/state.ts';
import { type ApplyReport, applyResources, prepareResources } from '../linux/cgroup/apply-resources.ts';
import { closeTarget, openTarget } from '../linux/cgroup/cgroup-target.ts';
import type { IgnoredField } from '../linux/cgroup/cgroup-write.ts';
import { planDocument } from '../linux/cgroup/plan-document.ts';
import type { ResourcePlanOptions } from '../linux/cgroup/resource-plan.ts';
import { containerPid } from './container-pid.ts';
import { WishError } from './wish-error.ts';

/** Flags that every helper has. */
export interface HelperFlags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** The pid of the state may be that of a sandbox or a virtual machine. */
  readonly sandbox?: boolean;
  /** Where the administrator's policy is; undefined for the default. */
  readonly policy?: string;
  /** A plain directory instead of cgroupfs; with `cgroupPath`. */
  readonly cgroupRoot?: string;
  readonly cgroupPath?: string;
}

/** One thing a helper does, as data: an array of a word and what it is about. */
export type Deed =
  | readonly ['property', name: string, signature: string, value: unknown]
  | readonly ['write', file: string, value: string]
  | readonly ['make-directory', path: string]
  | readonly ['remove-directory', path: string]
  | readonly ['record', verb: string]
  | readonly ['scope', unit: string, slice: string, pids: readonly number[]]
  | readonly ['allow-only', cgroup: string, rules: readonly string[]]
  | readonly ['move-processes', from: string, to: string]
  | readonly ['move-process', pid: number, to: string]
  | readonly ['move-thread', tid: number, to: string]
  | readonly ['watch', file: string, trigger: string, command: readonly string[]]
  | readonly ['end-process', pid: number]
  | readonly ['chown', path: string, uid: number, gid: number];

/** What a helper did, or with `--dry-run` would do. */
export interface HelperReport {
  /** The cgroup, counted from the root of the hierarchy; undefined where the helper found nothing to do. */
  readonly cgroup: string | undefined;
  readonly deeds: readonly Deed[];
  readonly ignored: readonly IgnoredField[];
  readonly warnings: readonly string[];
}

/** What a helper reports that has nothing to do for this container. */
export const NOTHING_TO_DO: HelperReport = { cgroup: undefined, deeds: [], ignored: [], warnings: [] };

/**
 * Applies linux.resources to the cgroup of the state's container, as `hooks cgroup apply` does.
 *
 * @throws {WishError} when the resources have a fault; nothing was changed
 * @throws {SystemError} when the system refused; what was done has been taken back where that is possible
 */
export function applyResourceWish(
  state: OciState,
  resources: ExactJson,
  options: Omit<ResourcePlanOptions, 'cgroup' | 'currentMemoryLimit'>,
  flags: HelperFlags,
): HelperReport {
  const target = openTarget(
    flags.cgroupRoot === undefined
      ? { pid: containerPid(state, flags.sandbox === true) }
      : { root: flags.cgroupRoot, path: flags.cgroupPath },
  );
  try {
    const prepared = prepareResources(target, resources, options);
    if (prepared.plan.problems.length > 0) throw new WishError(prepared.plan.problems);
    const { writes, properties, ignored } = planDocument(prepared.plan);
    const sent = prepared.unit === undefined ? [] : properties;
    const deeds: Deed[] = [
      ...sent.map((property): Deed => ['property', ...property]),
      ...writes.map((write): Deed => ['write', ...write]),
    ];
    const report = flags.dryRun === true ? undefined : applyResources(target, prepared);
    if (report?.failure !== undefined) throw report.failure;
    return { cgroup: target.path, deeds, ignored, warnings: report === undefined ? [] : warningsOf(report) };
  } finally {
    closeTarget(target);
  }
}

function warningsOf({ skipped, unknownProperties }: ApplyReport): string[] {
  return [
    ...skipped.map(({ file, value, reason }) => `${file} was not given ${value}: ${reason}`),
    ...unknownProperties.map(({ name }) => `this systemd does not know ${name}: the file alone was written`),
  ];
}

/** Tells whether a failure is one that a best-effort helper may pass over: the system's refusal, not a wrong wish. */
export function isSystemRefusal(error: unknown): error is SystemError {
  return error instanceof SystemError && error.code !== 'STATE_INVALID' && error.code !== 'STDIN_READ';
}
