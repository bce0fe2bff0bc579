import { diagnosticsAsData } from '../core/diagnostic/render.ts';
import type { ExtensionHook, InjectionPlan, PlannedHook } from '../core/injection/plan.ts';

/** Gives a plan as the report of `--report` and `--json`: what was injected, by stage. Its schema is schemas/report.json. */
export function injectionReport(plan: InjectionPlan): object {
  const hooks: Record<string, object[]> = {};
  for (const planned of plan.entries) {
    hooks[planned.stage] = [...(hooks[planned.stage] ?? []), entryOf(planned)];
  }
  const extension = Object.fromEntries(
    Object.entries(plan.extension).map(([stage, planned]) => [stage, planned.map(entryOf)]),
  );
  return { hooks, extension, skipped: plan.skipped, diagnostics: diagnosticsAsData(plan.diagnostics) };
}

function entryOf({ hook, definition }: PlannedHook | ExtensionHook): object {
  return { definition, ...hook };
}
