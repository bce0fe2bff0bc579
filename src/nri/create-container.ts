import type { Catalog } from '../core/catalog/catalog.ts';
import { type Diagnostic, error } from '../core/diagnostic/diagnostic.ts';
import { existingEntries, identityOf } from '../core/injection/identity.ts';
import { matchInactive, type PlannedHook } from '../core/injection/plan.ts';
import { isStage } from '../core/oci/stage.ts';
import type { ContainerView } from '../core/when/container.ts';
import type {
  Container,
  CreateContainerRequest,
  CreateContainerResponse,
  PodSandbox,
} from '../generated/nri-messages.ts';
import { hooksAnswer } from './answer.ts';
import { CALL_CODE, CallError } from './call-status.ts';
import { hookProgramFinder, isGood } from './catalog-keeper.ts';
import { containerIdentity, decisionMessage, decisionRecord, nearMisses } from './container-record.ts';
import { countAnswer, countName } from './counts.ts';
import { type Decision, decide } from './decision.ts';
import type { Log } from './log.ts';
import { containerView } from './matching.ts';
import type { PluginState } from './plugin-state.ts';

/** The runtime's own patience where it does not say. Source: containerd/nri, adaptation. */
const USUAL_TIMEOUT_MILLISECONDS = 2000;

/** An answer that takes more than this part of the runtime's patience is too slow. */
const SLOW_PART = 0.25;

/**
 * Answers the runtime's question about one container: counted, and logged once the answer is on its way.
 *
 * @throws {CallError} when the container must not be created
 */
export function answerCreateContainer(
  request: CreateContainerRequest,
  state: PluginState,
  log: Log,
): CreateContainerResponse {
  const started = performance.now();
  const { pod, container } = request;
  if (!container) throw new CallError(CALL_CODE.invalidArgument, 'the request names no container');
  const decision = decideSafely(pod, container, state);
  const milliseconds = performance.now() - started;
  count(decision, milliseconds, state);
  setImmediate(() => {
    tell(decision, pod, container, { milliseconds, inForce: state.catalog.catalog?.definitions.length ?? 0, log });
    if (milliseconds > SLOW_PART * (state.runtime?.requestTimeoutMilliseconds ?? USUAL_TIMEOUT_MILLISECONDS)) {
      log('warning', 'slow', `the answer took ${Math.round(milliseconds)} ms`, containerIdentity(pod, container));
    }
  });
  if (decision.outcome !== 'refused') return hooksAnswer(decision.entries);
  throw new CallError(CALL_CODE.failedPrecondition, `hooks: ${decisionMessage(decision)}`);
}

/**
 * Gives the hooks that a running container should have and has not: also those whose program does not exist now. What
 * cannot be decided is no difference.
 */
export function missingHooks(
  pod: PodSandbox | undefined,
  container: Container,
  { catalog, settings }: PluginState,
): readonly PlannedHook[] {
  if (!isGood(catalog) || !catalog.catalog) return [];
  const view = containerView(pod, container, settings);
  const { prestart } = settings;
  const { entries } = decide(catalog.catalog, view, { prestart, duplicates: 'skip', onError: 'skip' });
  return [...entries, ...inactiveHooks(catalog.catalog, view)];
}

function inactiveHooks(catalog: Catalog, view: ContainerView): PlannedHook[] {
  return matchInactive(catalog, view).flatMap(({ name, hook, stages }) =>
    stages.filter(isStage).flatMap((stage) => {
      const isThere = existingEntries(view.hooks?.[stage] ?? []).has(identityOf(hook));
      return isThere ? [] : [{ stage, hook, definition: name }];
    }),
  );
}

/** A fault of ours is a doubt like any other: the policy for doubts decides, and not how the runtime takes a failed call. */
function decideSafely(pod: PodSandbox | undefined, container: Container, state: PluginState): Decision {
  const { settings, settingsProblems, exemptNamespaces, catalog } = state;
  const isExempt = exemptNamespaces.has(pod?.namespace ?? '');
  // What settings with a mistake say of onError cannot be relied on.
  if (settingsProblems.length > 0) return doubtful(settingsProblems, isExempt ? 'skip' : 'fail');
  const onError = isExempt ? 'skip' : settings.onError;
  try {
    const rules = { ...settings, onError, findHookProgram: hookProgramFinder(settings) };
    return decide(catalog.catalog, containerView(pod, container, settings), rules);
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure);
    return doubtful([error('DECISION_FAILED', { path: 'container' }, { reason })], onError);
  }
}

function doubtful(doubts: readonly Diagnostic[], onError: 'fail' | 'skip'): Decision {
  return { outcome: onError === 'fail' ? 'refused' : 'skipped', entries: [], doubts };
}

function count({ outcome, entries, doubts }: Decision, milliseconds: number, state: PluginState): void {
  const { counts } = state;
  state.lastEventAt = new Date();
  counts.containers[outcome]++;
  countAnswer(counts, milliseconds / 1000);
  for (const { definition } of entries) countName(counts.injected, definition);
  for (const { code } of doubts) countName(counts.errors, code);
}

function tell(
  decision: Decision,
  pod: PodSandbox | undefined,
  container: Container,
  { milliseconds, inForce, log }: { readonly milliseconds: number; readonly inForce: number; readonly log: Log },
): void {
  const level = decision.outcome === 'refused' ? 'error' : decision.outcome === 'skipped' ? 'warning' : 'info';
  log(level, 'container', decisionMessage(decision), {
    ...containerIdentity(pod, container),
    ...decisionRecord(decision),
    ...nearMisses(decision.plan, inForce, container.annotations.length + (pod?.annotations.length ?? 0)),
    milliseconds: Math.round(milliseconds * 1000) / 1000,
  });
}
