import { isObject } from '../definition/keys.ts';
import type { OciConfig, OciHooks } from '../oci/config.ts';
import type { Stage } from '../oci/stage.ts';
import { existingEntries, identityOf } from './identity.ts';
import type { InjectionPlan, PlannedHook } from './plan.ts';

/**
 * Gives a new config with the plan's hooks behind those of their stages; the input is untouched, and is returned itself
 * when the plan adds nothing. A matching definition without stages leaves `hooks: {}`, as the reference does.
 */
export function applyPlan(config: OciConfig, plan: InjectionPlan): OciConfig {
  const hooks: OciHooks = isObject(config.hooks) ? config.hooks : {};
  const added = newEntries(plan, (stage) => listAt(hooks, stage));
  if (added.size === 0) return plan.matched.length > 0 && !isObject(config.hooks) ? { ...config, hooks: {} } : config;
  const stages = Object.fromEntries(
    Array.from(added, ([stage, entries]) => [stage, [...listAt(hooks, stage), ...entries.map(({ hook }) => hook)]]),
  );
  return { ...config, hooks: { ...hooks, ...stages } };
}

function listAt(hooks: OciHooks, stage: Stage): readonly unknown[] {
  const entries: unknown = hooks[stage];
  return Array.isArray(entries) ? entries : [];
}

/**
 * Gives what a plan still adds to stages that hold some entries: with `duplicates: skip` an entry that is there already
 * is left out, also when the plan was made for another state of the config.
 */
export function newEntries(
  plan: InjectionPlan,
  entriesAt: (stage: Stage) => readonly unknown[] | null | undefined,
): ReadonlyMap<Stage, readonly PlannedHook[]> {
  const byStage = new Map<Stage, PlannedHook[]>();
  for (const planned of plan.entries) {
    const list = byStage.get(planned.stage);
    if (list) list.push(planned);
    else byStage.set(planned.stage, [planned]);
  }
  if (plan.duplicates === 'keep') return byStage;
  const added = new Map<Stage, readonly PlannedHook[]>();
  for (const [stage, planned] of byStage) {
    const known = existingEntries(entriesAt(stage) ?? []);
    const fresh = planned.filter(({ hook }) => !known.has(identityOf(hook)));
    if (fresh.length > 0) added.set(stage, fresh);
  }
  return added;
}
