import { planDocument } from '../../linux/cgroup/plan-document.ts';
import { planResources } from '../../linux/cgroup/resource-plan.ts';
import { planLines, type ResourceFlags, readResourceFlags, writeFindings } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeJson, writeResult } from '../output.ts';

/** Flags of `hooks cgroup plan`. */
export interface CgroupPlanFlags extends ResourceFlags {
  readonly cgroup: '1' | '2';
}

/** Does `hooks cgroup plan`: what linux.resources come to, without looking at any cgroup. */
export async function cgroupPlan(flags: CgroupPlanFlags): Promise<ExitStatus> {
  const { json, options, problems } = readResourceFlags(flags);
  const planned = planResources(json, { ...options, cgroup: flags.cgroup === '1' ? 1 : 2 });
  const all = [...problems, ...planned.problems];
  const document = planDocument(
    problems.length === 0 ? planned : { ...planned, writes: [], properties: [], problems: all },
  );
  if (flags.json) writeJson(document);
  else {
    writeResult(planLines(document));
    writeFindings(document, flags.quiet);
  }
  return all.length === 0 ? EXIT.done : EXIT.no;
}
