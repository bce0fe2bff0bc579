import type { Catalog } from '../core/catalog/catalog.ts';
import { type Diagnostic, error } from '../core/diagnostic/diagnostic.ts';
import { ConfigError, DefinitionError } from '../core/diagnostic/input-error.ts';
import { type InjectionPlan, matchInactive, type PlannedHook, planInjection } from '../core/injection/plan.ts';
import type { ContainerView } from '../core/when/container.ts';

/** How a container is decided on. */
export interface DecisionRules {
  readonly prestart: 'prestart' | 'createRuntime';
  readonly duplicates: 'skip' | 'keep';
  /** What a doubt leads to. */
  readonly onError: 'fail' | 'skip';
}

/**
 * What becomes of a container: it gets hooks; it needs none; it is not made; or it is made without the hooks in doubt.
 */
export type Outcome = 'injected' | 'unchanged' | 'refused' | 'skipped';

/** All outcomes, in the order they are told. */
export const OUTCOMES: readonly Outcome[] = ['injected', 'unchanged', 'refused', 'skipped'];

/** The decision on one container. */
export interface Decision {
  readonly outcome: Outcome;
  /** The hooks to add; none when it is refused. */
  readonly entries: readonly PlannedHook[];
  /** Undefined where not even a plan could be made. */
  readonly plan?: InjectionPlan;
  /** What kept it from being decided, all of it. */
  readonly doubts: readonly Diagnostic[];
}

/** Decides which hooks a container gets. Whatever is in doubt is a doubt of this container only. */
export function decide(catalog: Catalog | undefined, container: ContainerView, rules: DecisionRules): Decision {
  const { plan, doubts } = tryPlan(catalog, container, rules);
  const entries = doubts.length > 0 && rules.onError === 'fail' ? [] : (plan?.entries ?? []);
  return { outcome: outcomeOf(entries, doubts, rules), entries, ...(plan && { plan }), doubts };
}

function outcomeOf(
  entries: readonly PlannedHook[],
  doubts: readonly Diagnostic[],
  { onError }: DecisionRules,
): Outcome {
  if (doubts.length > 0) return onError === 'fail' ? 'refused' : 'skipped';
  return entries.length > 0 ? 'injected' : 'unchanged';
}

interface Attempt {
  readonly plan?: InjectionPlan;
  readonly doubts: readonly Diagnostic[];
}

function tryPlan(catalog: Catalog | undefined, container: ContainerView, rules: DecisionRules): Attempt {
  // A door that is asked before its definitions are loaded cannot know.
  if (!catalog)
    return { doubts: [error('DIRECTORY_UNREADABLE', { path: 'hooks' }, { reason: 'nothing is loaded yet' })] };
  try {
    const plan = planInjection(catalog, container, rules);
    const doubts = matchInactive(catalog, container).map(({ path, hook }) =>
      error('HOOK_PROGRAM_MISSING', { path }, { hookPath: hook.path }),
    );
    return { plan, doubts };
  } catch (failure) {
    if (failure instanceof DefinitionError) {
      return { doubts: failure.diagnostics.filter(({ severity }) => severity === 'error') };
    }
    // There is no config.json here: what is wrong is wrong with what the runtime told of the container.
    if (failure instanceof ConfigError) {
      return { doubts: failure.diagnostics.map((diagnostic) => ({ ...diagnostic, path: 'container' })) };
    }
    throw failure;
  }
}
