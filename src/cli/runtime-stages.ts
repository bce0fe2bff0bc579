import type { HookDefinition } from '../core/definition/hook-definition.ts';
import { type Diagnostic, warning } from '../core/diagnostic/diagnostic.ts';
import { isStage } from '../core/oci/stage.ts';
import { readRuntimeFeatures } from '../host/runtime-features.ts';

/** Gives a warning for each stage of each definition that a runtime does not run, by its own `features`. */
export async function unsupportedStages(
  runtime: string,
  definitions: readonly HookDefinition[],
): Promise<readonly Diagnostic[]> {
  const { hooks } = await readRuntimeFeatures(runtime);
  return hooks ? stagesNotRun(runtime, hooks, definitions) : [];
}

/** Gives a warning for each stage of each definition that is not among those that a runtime runs. */
export function stagesNotRun(
  runtime: string,
  stagesRun: readonly string[],
  definitions: readonly HookDefinition[],
): readonly Diagnostic[] {
  return definitions.flatMap(({ path, stages }) =>
    stages
      .filter((stage) => isStage(stage) && !stagesRun.includes(stage))
      .map((stage) => warning('RUNTIME_STAGE_UNSUPPORTED', { path, pointer: '/stages' }, { stage, runtime })),
  );
}
