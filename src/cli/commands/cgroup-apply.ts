import { type ApplyReport, applyResources, prepareResources } from '../../linux/cgroup/apply-resources.ts';
import { type CgroupTarget, closeTarget, openTarget } from '../../linux/cgroup/cgroup-target.ts';
import { errorDocuments, planDocument } from '../../linux/cgroup/plan-document.ts';
import { planLines, type ResourceFlags, readResourceFlags, writeFindings } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks cgroup apply`. */
export interface CgroupApplyFlags extends ResourceFlags {
  readonly pid?: string;
  readonly path?: string;
  readonly cgroupRoot?: string;
  readonly dryRun?: boolean;
}

/** Does `hooks cgroup apply`: plans resources for a cgroup as it is, then does the plan or takes it back. */
export async function cgroupApply(flags: CgroupApplyFlags): Promise<ExitStatus> {
  const input = readResourceFlags(flags);
  if (input.problems.length > 0) {
    const errors = errorDocuments(input.problems);
    if (flags.json) writeJson({ writes: [], properties: [], ignored: [], errors });
    else writeFindings({ ignored: [], errors });
    return EXIT.no;
  }
  const target = openTarget(selectorOf(flags));
  try {
    const prepared = prepareResources(target, input.json, input.options);
    const document = { ...planDocument(prepared.plan), path: target.path, unit: prepared.unit?.unit ?? null };
    const isPlanOnly = flags.dryRun === true || prepared.plan.problems.length > 0;
    const report = isPlanOnly ? undefined : applyResources(target, prepared);
    if (flags.json) writeJson({ ...document, ...(report && reportDocument(report)) });
    else writeForPeople(flags, target, document, report);
    if (prepared.plan.problems.length > 0) return EXIT.no;
    return report?.failure === undefined ? EXIT.done : EXIT.system;
  } finally {
    closeTarget(target);
  }
}

function selectorOf({ pid, path, cgroupRoot }: CgroupApplyFlags) {
  if ((pid === undefined) === (path === undefined))
    throw new UsageError('give --pid N or --path CGROUP, one of the two');
  if (pid !== undefined && !/^[1-9]\d{0,9}$/.test(pid)) throw new UsageError(`--pid wants a number, not ${pid}`);
  if (pid !== undefined && cgroupRoot !== undefined) {
    throw new UsageError('--cgroup-root has directories and no processes: give --path');
  }
  const parts = (path ?? '').split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new UsageError('--path counts from the root of the hierarchy and has no ".."');
  return { pid: pid === undefined ? undefined : Number(pid), path: `/${parts.join('/')}`, root: cgroupRoot };
}

function reportDocument({ applied, skipped, unknownProperties, failure, left }: ApplyReport): object {
  return {
    applied: applied.map(({ directory, file, old, value }) => ({ directory, file, old: old ?? null, value })),
    skipped,
    unknownProperties: unknownProperties.map(({ name }) => name),
    ...(failure && {
      error: { code: failure.code, args: failure.args, message: failure.message },
      left: left.map(({ directory, file, old, value }) => ({ directory, file, old: old ?? null, value })),
    }),
  };
}

function writeForPeople(
  { quiet = false }: CgroupApplyFlags,
  { path }: CgroupTarget,
  document: ReturnType<typeof planDocument>,
  report: ApplyReport | undefined,
): void {
  writeResult(planLines(document));
  writeFindings(document, quiet);
  if (report === undefined) return;
  const { applied, skipped, unknownProperties, failure, left } = report;
  if (!quiet) {
    for (const { file, value, reason } of skipped) writeNote(`note: ${file} was not given ${value}: ${reason}`);
    for (const { name } of unknownProperties) writeNote(`note: this systemd does not know ${name}: file only`);
  }
  if (failure === undefined) return;
  writeNote(`hooks: error ${failure.code}: ${failure.message}`);
  for (const { file, old, value } of applied) {
    const isLeft = left.some((write) => write.file === file && write.value === value);
    const now = isLeft ? `still has ${value}` : `is back at ${old}`;
    writeNote(`note: ${path}/${file} had ${old ?? 'an unreadable value'}, was given ${value} and ${now}`);
  }
}
