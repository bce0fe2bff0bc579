import type { Catalog } from '../core/catalog/catalog.ts';
import type { FindHookProgram } from '../core/catalog/hook-path.ts';
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
  /** Looks for the programs of the hooks that match, now; without it they are taken to be as they were. */
  readonly findHookProgram?: FindHookProgram;
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
  const { plan, sound, doubts } = tryPlan(catalog, container, rules);
  const entries = doubts.length > 0 && rules.onError === 'fail' ? [] : sound;
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
  /** The hooks of the plan that the runtime can run. */
  readonly sound: readonly PlannedHook[];
  readonly doubts: readonly Diagnostic[];
}

function tryPlan(catalog: Catalog | undefined, container: ContainerView, rules: DecisionRules): Attempt {
  // A door that is asked before its definitions are loaded cannot know.
  if (!catalog) {
    const doubt = error('DIRECTORY_UNREADABLE', { path: 'hooks' }, { reason: 'nothing is loaded yet' });
    return { sound: [], doubts: [doubt] };
  }
  const tooMany = annotationsDoubt(catalog, container);
  if (tooMany) return { sound: [], doubts: [tooMany] };
  try {
    const plan = planInjection(catalog, container, rules);
    const missing = matchInactive(catalog, container).map(
      ({ path, hook }) => programDoubt(path, hook.path, undefined) ?? missingProgram(path, hook.path),
    );
    const unusable = unusableHooks(catalog, plan, rules.findHookProgram);
    const sound = plan.entries.filter(({ definition }) => !unusable.has(definition));
    return { plan, sound, doubts: [...missing, ...unusable.values()] };
  } catch (failure) {
    if (failure instanceof DefinitionError) {
      return { sound: [], doubts: failure.diagnostics.filter(({ severity }) => severity === 'error') };
    }
    // There is no config.json here: what is wrong is wrong with what the runtime told of the container.
    if (failure instanceof ConfigError) {
      return { sound: [], doubts: failure.diagnostics.map((diagnostic) => ({ ...diagnostic, path: 'container' })) };
    }
    throw failure;
  }
}

/** As many comparisons of an annotation with a definition take about half a second. */
const COMPARISON_LIMIT = 2_000_000;

/** Whoever may make a pod must not be able to hold up the node: the runtime drops a plugin that is slow. */
function annotationsDoubt({ index }: Catalog, { annotations }: ContainerView): Diagnostic | undefined {
  const count = Object.keys(annotations).length;
  const definitions = index.unindexed.length;
  if (count * definitions <= COMPARISON_LIMIT) return undefined;
  return error('ANNOTATIONS_TOO_MANY', { path: 'container' }, { count, definitions });
}

/** Gives the doubts about hooks that a plan adds, by the name of their definition: a program may go while we run. */
function unusableHooks(
  catalog: Catalog,
  { entries }: InjectionPlan,
  find: FindHookProgram | undefined,
): ReadonlyMap<string, Diagnostic> {
  const doubts = new Map<string, Diagnostic>();
  const looked = new Set<string>();
  for (const { definition, hook } of entries) {
    if (!find || looked.has(definition)) continue;
    looked.add(definition);
    const doubt = programDoubt(definition, hook.path, find);
    if (!doubt) continue;
    const path = catalog.definitions.find(({ name }) => name === definition)?.path ?? definition;
    doubts.set(definition, { ...doubt, path });
  }
  return doubts;
}

/** Anything but a program that can be run is a doubt; a relative path always, as it has no meaning in the runtime. */
function programDoubt(path: string, hookPath: string, find: FindHookProgram | undefined): Diagnostic | undefined {
  if (!hookPath.startsWith('/')) return error('HOOK_PROGRAM_UNUSABLE', { path }, { hookPath, problem: 'relative' });
  const program = find?.(hookPath);
  switch (program?.kind) {
    case undefined:
    case 'program':
      return undefined;
    case 'missing':
      return missingProgram(path, hookPath);
    case 'not-executable':
    case 'not-a-file':
      return error('HOOK_PROGRAM_UNUSABLE', { path }, { hookPath, problem: program.kind });
    case 'unreachable':
      return error('HOOK_PROGRAM_UNUSABLE', { path }, { hookPath, problem: program.kind, reason: program.reason });
    default:
      return program satisfies never;
  }
}

function missingProgram(path: string, hookPath: string): Diagnostic {
  return error('HOOK_PROGRAM_MISSING', { path }, { hookPath });
}
