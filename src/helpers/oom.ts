import { SystemError } from '../core/diagnostic/system-error.ts';
import type { OciState } from '../core/oci/state.ts';
import { identifyProcess, processFiles } from '../linux/cgroup/container-process.ts';
import { errnoReason } from '../linux/cgroup/errno-reason.ts';
import { qosOomScoreAdj } from '../linux/cgroup/kubernetes-qos.ts';
import { grantedOom } from './annotation-wish.ts';
import { containerPid } from './container-pid.ts';
import { type KubernetesFlags, kubernetesWish, machineMemory } from './kubernetes-wish.ts';
import { applyResourceWish, type Deed, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `oom` helper is told. */
export interface OomFlags extends HelperFlags, KubernetesFlags {
  /** memory.oom.group: the kernel kills all of the container or nothing of it. */
  readonly group?: '0' | '1';
  /** -1000 to 1000, or `qos` for what a kubelet would set. */
  readonly score?: number | 'qos';
}

/**
 * Sets what the kernel does when memory runs out. The score goes to the container's first process, which hands it down to
 * those it starts; lowering it needs CAP_SYS_RESOURCE.
 */
export async function applyOom(state: OciState, given: OomFlags): Promise<HelperReport> {
  const isSettled = given.group !== undefined && given.score !== undefined;
  const flags = isSettled ? given : { ...(await grantedOom(state, given.policy)), ...given };
  const group =
    flags.group === undefined
      ? NOTHING_TO_DO
      : applyResourceWish(state, { unified: { 'memory.oom.group': flags.group } }, {}, flags);
  if (flags.score === undefined) return group;
  const score = flags.score === 'qos' ? scoreOfQos(state, flags) : flags.score;
  if (flags.dryRun !== true) writeScore(containerPid(state, flags.sandbox === true), score);
  const deed: Deed = ['write', 'oom_score_adj', String(score)];
  return { ...group, deeds: [...group.deeds, deed] };
}

function scoreOfQos(state: OciState, flags: OomFlags): number {
  const { qos, request = 0n } = kubernetesWish(state, flags);
  return qosOomScoreAdj(qos, request, machineMemory());
}

function writeScore(pid: number, score: number): void {
  const process = processFiles(identifyProcess(pid));
  try {
    process.write('oom_score_adj', String(score));
  } catch (error) {
    if (error instanceof SystemError) throw error;
    const path = `${process.directory}/oom_score_adj`;
    throw new SystemError('CGROUP_WRITE', { path, value: score, reason: errnoReason(error) }, { cause: error });
  }
}
