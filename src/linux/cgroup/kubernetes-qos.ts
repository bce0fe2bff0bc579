import type { QosClass } from './kubernetes.ts';

/** Bytes of memory that a container asks for and may have; undefined where Kubernetes has no such value. */
export interface MemoryWish {
  readonly qos: QosClass;
  readonly request: bigint;
  readonly limit: bigint | undefined;
  /** What the node can give, for containers without a limit. */
  readonly allocatable: bigint | undefined;
}

/** How a kubelet turns requests into protection. */
export interface MemoryQosOptions {
  /** The throttling factor, in thousandths: 900 is Kubernetes' 0.9. Undefined sets no memory.high. */
  readonly factorThousandths: bigint | undefined;
  /** `min`: requests are memory.min. `tiered` (1.36): Guaranteed memory.min, Burstable memory.low. `none`: no protection. */
  readonly protection: 'min' | 'tiered' | 'none';
  /** Bytes of a page. */
  readonly page: bigint;
}

/** The class of a container by its memory alone: what Kubernetes decides from all resources of a pod. */
export function qosOfMemory(request: bigint | undefined, limit: bigint | undefined): QosClass {
  if (request === undefined && limit === undefined) return 'BestEffort';
  return limit !== undefined && (request ?? limit) === limit ? 'Guaranteed' : 'Burstable';
}

/**
 * Gives the files of Kubernetes' memory QoS. memory.high = request + factor * (limit - request), rounded down to a page;
 * a container without a limit counts what the node can allocate. None for Guaranteed, nor where request is the limit.
 * Source: KEP-2570 as of 1.27 and later; pod and QoS levels never get a memory.high.
 */
export function memoryQos(wish: MemoryWish, options: MemoryQosOptions): (readonly [file: string, value: string])[] {
  const { qos, request } = wish;
  const files: (readonly [string, string])[] = [];
  if (request > 0n && qos !== 'BestEffort' && options.protection !== 'none') {
    const file = options.protection === 'tiered' && qos === 'Burstable' ? 'memory.low' : 'memory.min';
    files.push([file, String(request)]);
  }
  const bound = wish.limit ?? wish.allocatable;
  const isThrottled = qos !== 'Guaranteed' && bound !== undefined && bound > request;
  if (options.factorThousandths !== undefined && isThrottled) {
    const high = request + (options.factorThousandths * (bound - request)) / 1000n;
    files.push(['memory.high', String((high / options.page) * options.page)]);
  }
  return files;
}

/**
 * Gives oom_score_adj as a kubelet does: -997 for Guaranteed, 1000 for BestEffort, and for Burstable the less the more of
 * the node's memory is asked for, within 3 and 999. Source: kubelet pkg/kubelet/qos/policy.go.
 */
export function qosOomScoreAdj(qos: QosClass, request: bigint, capacity: bigint): number {
  if (qos === 'Guaranteed') return -997;
  if (qos === 'BestEffort') return 1000;
  const share = capacity > 0n ? Number((1000n * request) / capacity) : 0;
  return Math.min(Math.max(1000 - share, 3), 999);
}
