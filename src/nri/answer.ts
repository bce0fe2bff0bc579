import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { PlannedHook } from '../core/injection/plan.ts';
import { STAGES } from '../core/oci/stage.ts';
import {
  type CreateContainerResponse,
  CreateContainerResponseSchema,
  type HookSchema,
} from '../generated/nri-messages.ts';

/** Gives the answer that adds hooks, each stage in their order; the runtime puts them behind those that are there. */
export function hooksAnswer(entries: readonly PlannedHook[]): CreateContainerResponse {
  if (entries.length === 0) return create(CreateContainerResponseSchema);
  const hooks = Object.fromEntries(
    // The fields have the names of the stages.
    STAGES.map((stage) => [
      stage,
      entries.filter((entry) => entry.stage === stage).map(({ hook }) => hookMessage(hook)),
    ]),
  );
  return create(CreateContainerResponseSchema, { adjust: { hooks } });
}

/** A timeout of 0 is another thing than none. A lone surrogate goes as U+FFFD, which is how the runtime would read it. */
function hookMessage({ path, args, env, timeout }: PlannedHook['hook']): MessageInitShape<typeof HookSchema> {
  return {
    path: path.toWellFormed(),
    args: (args ?? []).map((text) => text.toWellFormed()),
    env: (env ?? []).map((text) => text.toWellFormed()),
    ...(timeout !== undefined && { timeout: { value: BigInt(timeout) } }),
  };
}
