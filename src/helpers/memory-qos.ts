import type { OciState } from '../core/oci/state.ts';
import { type MemoryQosOptions, memoryQos } from '../linux/cgroup/kubernetes-qos.ts';
import { grantedMemoryQos } from './annotation-wish.ts';
import { type KubernetesFlags, kubernetesWish, machineMemory } from './kubernetes-wish.ts';
import { applyResourceWish, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `memory-qos` helper is told. */
export interface MemoryQosFlags extends HelperFlags, KubernetesFlags {
  readonly factorThousandths?: bigint;
  readonly protection: MemoryQosOptions['protection'];
  /** Bytes that the node can give to pods; all of its memory where it is absent. */
  readonly allocatable?: bigint;
}

/** Protects and throttles a container's memory by Kubernetes' formulas. */
export async function applyMemoryQos(state: OciState, flags: MemoryQosFlags): Promise<HelperReport> {
  const { request: asked, factorThousandths } = flags;
  // What the arguments settle is not asked of annotations.
  const isSettled = asked !== undefined && factorThousandths !== undefined;
  const granted = isSettled ? {} : await grantedMemoryQos(state, flags.policy);
  const { qos, request = 0n, limit } = kubernetesWish(state, { ...granted, ...flags });
  const allocatable = flags.allocatable ?? machineMemory();
  const files = memoryQos(
    { qos, request, limit, allocatable },
    // Every machine that runs containers with this protection has pages of 4 KiB or multiples; the kernel rounds again.
    { factorThousandths: factorThousandths ?? granted.factorThousandths, protection: flags.protection, page: 4096n },
  );
  if (files.length === 0) return NOTHING_TO_DO;
  return applyResourceWish(state, { unified: Object.fromEntries(files) }, {}, flags);
}
