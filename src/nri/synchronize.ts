import type { PlannedHook } from '../core/injection/plan.ts';
import type { Container, Entry, PodSandbox, SynchronizeRequest } from '../generated/nri-messages.ts';

/** Containers and pods beyond these numbers are not compared; a node has a few hundred. */
const COUNT_LIMIT = 20_000;

/** Texts beyond this sum are not kept. */
const TEXT_LIMIT = 64 << 20;

/** More differences are counted only. */
const MISSING_LIMIT = 1000;

/** Source: containerd/nri, ContainerState. */
const STOPPED = 4;

/** A hook that a running container should have and has not. */
export interface MissingHook {
  readonly container: string;
  readonly name: string;
  readonly pod: string;
  readonly namespace: string;
  readonly definition: string;
  readonly stage: string;
  readonly path: string;
}

/** What the comparison of the running containers with what they should have gave. */
export interface Comparison {
  readonly at: Date;
  readonly containers: number;
  /** How many hooks are missing in all. */
  readonly missingCount: number;
  /** The first of them. */
  readonly missing: readonly MissingHook[];
  /** False when there were too many to look at all of them. */
  readonly isComplete: boolean;
}

/** Gives the hooks that a container should have and has not. */
export type FindMissing = (pod: PodSandbox | undefined, container: Container) => readonly PlannedHook[];

/** Gathers what the runtime tells of the containers that are there, part by part. */
export interface Gathering {
  readonly add: (request: SynchronizeRequest) => void;
  /**
   * Compares what was gathered, container by container, and forgets it. The comparison gives way to other work every few
   * milliseconds: a container may wait to be made.
   */
  readonly compare: (findMissing: FindMissing) => Promise<Comparison>;
  /** Forgets what was gathered. */
  readonly clear: () => void;
}

/** How long the comparison goes on before it gives way. */
const SLICE_MILLISECONDS = 10;

/** Gives a gathering that is empty. */
export function createGathering(): Gathering {
  let pods = new Map<string, PodSandbox>();
  let containers: Container[] = [];
  let textLength = 0;
  let isComplete = true;
  const fits = (length: number, count: number): boolean => {
    textLength += length;
    const isFitting = textLength <= TEXT_LIMIT && count < COUNT_LIMIT;
    isComplete &&= isFitting;
    return isFitting;
  };
  const clear = (): void => {
    pods = new Map();
    containers = [];
    textLength = 0;
    isComplete = true;
  };
  return {
    clear,
    add: (request) => {
      for (const pod of request.pods) {
        if (fits(lengthOf(pod.annotations) + lengthOf(pod.labels), pods.size)) pods.set(pod.id, pod);
      }
      for (const container of request.containers) {
        if (container.state === STOPPED) continue;
        const length = lengthOf(container.annotations) + container.args.reduce((sum, text) => sum + text.length, 0);
        if (fits(length, containers.length)) containers.push(container);
      }
    },
    compare: async (findMissing) => {
      const [allPods, all, isWhole] = [pods, containers, isComplete];
      clear();
      const missing: MissingHook[] = [];
      let missingCount = 0;
      let sliceEnds = performance.now() + SLICE_MILLISECONDS;
      for (const container of all) {
        const pod = allPods.get(container.podSandboxId);
        const lacking = findMissing(pod, container);
        missingCount += lacking.length;
        for (const entry of lacking.slice(0, MISSING_LIMIT - missing.length)) {
          missing.push(missingHook(pod, container, entry));
        }
        if (performance.now() < sliceEnds) continue;
        await new Promise((resolve) => setImmediate(resolve));
        sliceEnds = performance.now() + SLICE_MILLISECONDS;
      }
      return { at: new Date(), containers: all.length, missingCount, missing, isComplete: isWhole };
    },
  };
}

function missingHook(
  pod: PodSandbox | undefined,
  container: Container,
  { definition, stage, hook }: PlannedHook,
): MissingHook {
  return {
    container: container.id,
    name: container.name,
    pod: pod?.name ?? '',
    namespace: pod?.namespace ?? '',
    definition,
    stage,
    path: hook.path,
  };
}

function lengthOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}
