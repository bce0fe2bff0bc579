import { type CgroupProblem, problem } from './problem.ts';
import { parseQuantity } from './quantity.ts';

/** Processor time in thousandths of a processor and memory in bytes; undefined where nothing is said or nothing limits. */
export interface PodSizes {
  readonly cpuMilli: bigint | undefined;
  readonly memory: bigint | undefined;
}

/** What a virtual machine takes beside its containers, in bytes and processors. */
export interface MachineSizes {
  /** Memory of the guest before containers are added: Kata's default_memory. */
  readonly guestMemory: bigint;
  /** Processors of the guest before containers are added: Kata's default_vcpus. */
  readonly guestCpus: bigint;
  /** The monitor's own memory, without the guest's. */
  readonly monitorMemory: bigint;
  /** Memory of the other processes: virtiofsd, the shim. */
  readonly helpersMemory: bigint;
}

/** Whether one of the two settings fits, with what was added up. */
export interface SettingVerdict {
  readonly cgroupOnly: boolean;
  readonly fits: boolean;
  /** Bytes that may come to be charged to the pod's cgroup, and its limit. */
  readonly memory: { readonly demand: bigint; readonly limit: bigint | undefined; readonly outside: bigint };
  /** Thousandths of a processor that the guest and, with one cgroup, its overhead may ask for; more is throttled. */
  readonly cpu: { readonly demand: bigint; readonly limit: bigint | undefined };
  readonly reasons: readonly string[];
}

/** What the sizes come to. */
export interface OverheadVerdict {
  /** The limits of the pod's cgroup, as a kubelet sets them: those of the containers and the overhead. */
  readonly pod: { readonly cpuQuotaUs: bigint | undefined; readonly cpuPeriodUs: bigint } & PodSizes;
  readonly settings: readonly [one: SettingVerdict, two: SettingVerdict];
  /** The setting to choose: one cgroup where it fits, for then all is accounted for. Undefined where neither fits. */
  readonly cgroupOnly: boolean | undefined;
}

/** A kubelet's period, in microseconds, and the least quota it sets. */
const PERIOD_US = 100_000n;
const LEAST_QUOTA_US = 1000n;

/**
 * Finds the pod overhead in a RuntimeClass (`overhead.podFixed`), a pod (`spec.overhead`), or an object that holds
 * `podFixed`, or `cpu` and `memory`, itself.
 */
export function readPodOverhead(
  value: unknown,
): { readonly sizes: PodSizes } | { readonly problems: readonly CgroupProblem[] } {
  const paths = [['overhead', 'podFixed'], ['spec', 'overhead'], ['podFixed'], ['overhead'], []];
  const path = paths.find((keys) => isSizes(memberAt(value, keys)));
  const found = path && memberAt(value, path);
  if (path === undefined || !isObject(found)) {
    const args = { expected: 'a RuntimeClass with overhead.podFixed, or cpu and memory', found: 'something else' };
    return { problems: [problem('FIELD_TYPE', 'overhead.podFixed', args)] };
  }
  const problems: CgroupProblem[] = [];
  const read = (key: string): bigint | undefined => {
    const given = found[key];
    if (given === undefined || given === null) return undefined;
    const text =
      typeof given === 'string' || typeof given === 'number' || typeof given === 'bigint' ? String(given) : '';
    const quantity = parseQuantity(text);
    const args = { value: JSON.stringify(text.slice(0, 64)), expected: 'a quantity such as 250m or 160Mi' };
    if (quantity === undefined) problems.push(problem('FIELD_TEXT', [...path, key].join('.'), args));
    return quantity;
  };
  const [cpuMilli, memory] = [read('cpu'), read('memory')];
  if (problems.length > 0) return { problems };
  return { sizes: { cpuMilli, memory: memory === undefined ? undefined : (memory + 999n) / 1000n } };
}

/** Adds up the limits of a pod's containers: without one of them the pod has none either, as with a kubelet. */
export function sumOfLimits(containers: readonly PodSizes[]): PodSizes {
  const sum = (values: readonly (bigint | undefined)[]): bigint | undefined =>
    values.reduce((total, value) => (total === undefined || value === undefined ? undefined : total + value), 0n);
  return {
    cpuMilli: sum(containers.map(({ cpuMilli }) => cpuMilli)),
    memory: sum(containers.map(({ memory }) => memory)),
  };
}

/**
 * Says which setting fits. Memory decides: a guest may touch all of its memory and gives none back, and a cgroup that is full
 * kills the monitor. Too little processor time only slows down.
 *
 * @param version - that of cgroups: on v1 memory is charged where the monitor's first thread is, on v2 to its process
 */
export function judgeOverhead(
  limits: PodSizes,
  overhead: PodSizes,
  machine: MachineSizes,
  version: 1 | 2,
): OverheadVerdict {
  const add = (limit: bigint | undefined, more: bigint | undefined) => limit && limit + (more ?? 0n);
  const pod: PodSizes = {
    cpuMilli: add(limits.cpuMilli, overhead.cpuMilli),
    memory: add(limits.memory, overhead.memory),
  };
  const { guestMemory, monitorMemory, helpersMemory } = machine;
  // Without a limit the guest has what it was given at its start.
  const guest = guestMemory + (limits.memory ?? 0n);
  const cpus = machine.guestCpus * 1000n + ceilToThousand(limits.cpuMilli ?? 0n);
  const one = verdict(true, guest + monitorMemory + helpersMemory, 0n);
  const outside = version === 1 ? guest + monitorMemory + helpersMemory : helpersMemory;
  const two = verdict(false, version === 1 ? 0n : guest + monitorMemory, outside);
  const quota = pod.cpuMilli === undefined ? undefined : (pod.cpuMilli * PERIOD_US) / 1000n;
  return {
    pod: { ...pod, cpuPeriodUs: PERIOD_US, cpuQuotaUs: quota && (quota < LEAST_QUOTA_US ? LEAST_QUOTA_US : quota) },
    settings: [one, two],
    cgroupOnly: one.fits ? true : two.fits ? false : undefined,
  };

  function verdict(cgroupOnly: boolean, demand: bigint, unbounded: bigint): SettingVerdict {
    const reasons: string[] = [];
    const limit = pod.memory;
    const isHeld = limit === undefined || demand <= limit;
    if (limit === undefined) reasons.push('a container has no memory limit, so the pod has none that could be reached');
    else if (isHeld) reasons.push(`memory: ${demand} of ${limit} bytes, ${limit - demand} to spare`);
    else
      reasons.push(
        `memory: ${demand} bytes do not go into ${limit}, ${demand - limit} are missing: raise the overhead by them, or make the guest smaller`,
      );
    const hasTime = !cgroupOnly || limits.cpuMilli === undefined || (overhead.cpuMilli ?? 0n) > 0n;
    if (!hasTime) reasons.push('cpu: the overhead has none, so what the monitor takes is taken from the containers');
    const cpuLimit = pod.cpuMilli;
    if (cpuLimit !== undefined && cpus > cpuLimit)
      reasons.push(`cpu: the guest sees ${cpus / 1000n} processors and gets ${cpuLimit}m: more is throttled`);
    if (unbounded > 0n) {
      // What the scheduler keeps free for a pod is the same sum as the limit, where requests are limits.
      const beyond = limit === undefined ? undefined : demand + unbounded - limit;
      const isCovered = beyond === undefined || beyond <= 0n;
      const covered = isCovered ? 'the pod accounts for them' : `${beyond} more than the pod accounts for`;
      reasons.push(
        `memory: ${unbounded} bytes are charged outside of the pod, to the overhead cgroup, which nothing bounds: ${covered}`,
      );
    }
    return {
      cgroupOnly,
      fits: isHeld && hasTime,
      memory: { demand, limit, outside: unbounded },
      cpu: { demand: cpus + (cgroupOnly ? (overhead.cpuMilli ?? 0n) : 0n), limit: cpuLimit },
      reasons,
    };
  }
}

function ceilToThousand(value: bigint): bigint {
  return ((value + 999n) / 1000n) * 1000n;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): boolean {
  return isObject(value) && ('cpu' in value || 'memory' in value);
}

function memberAt(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return at;
}
