import { renderLine } from '../core/diagnostic/render.ts';
import type { InjectionPlan } from '../core/injection/plan.ts';
import type { Container, Entry, PodSandbox } from '../generated/nri-messages.ts';
import type { Decision } from './decision.ts';

/** Longer texts are cut: a line must stay one that people and collectors bear. */
const TEXT_LIMIT = 256;

/** A doubt names a file and says how to mend it. */
const DOUBT_LIMIT = 1024;

/** More labels, definitions and doubts are left out of a line. */
const LIST_LIMIT = 64;

/** Gives who a container is, for a line of the log. */
export function containerIdentity(pod: PodSandbox | undefined, { id, name }: Container): object {
  return {
    container: { id: clip(id), name: clip(name) },
    ...(pod && {
      pod: { name: clip(pod.name), namespace: clip(pod.namespace), uid: clip(pod.uid), labels: labelsOf(pod.labels) },
    }),
  };
}

/** Gives what was decided and why, for a line of the log. */
export function decisionRecord({ outcome, entries, plan, doubts }: Decision): object {
  const matched = (plan?.matchedVerdicts.slice(0, LIST_LIMIT) ?? []).map(({ name, stages, conditions }) => ({
    name,
    stages,
    conditions: conditions
      .filter((condition) => condition.matched)
      .map(({ condition, pattern, value }) => ({
        condition,
        ...(pattern !== undefined && { pattern: clip(pattern) }),
        ...(value !== undefined && { value: clip(value) }),
      })),
  }));
  return {
    outcome,
    injected: entries.length,
    matched,
    ...((plan?.matched.length ?? 0) > LIST_LIMIT && { matchedInAll: plan?.matched.length }),
    ...(plan && plan.skipped.length > 0 && { thereAlready: plan.skipped.slice(0, LIST_LIMIT) }),
    ...(plan && Object.keys(plan.extension).length > 0 && { leftToTheEngine: Object.keys(plan.extension) }),
    ...(doubts.length > 0 && {
      doubts: doubts
        .slice(0, LIST_LIMIT)
        .map(renderLine)
        .map((text) => clip(text, DOUBT_LIMIT)),
    }),
  };
}

/** With more annotations to compare with more definitions, to judge all of them would hold up the next container. */
const JUDGED_LIMIT = 2000;

/** As many are told: more would hide what matters. */
const MISS_LIMIT = 5;

/**
 * Gives the definitions that nearly matched, for people who wonder why a hook is missing: an annotation of a similar name is
 * there, or one with another value. Only while both are few.
 *
 * @param inForce - how many definitions there are
 * @param annotations - how many annotations the container and its pod have
 */
export function nearMisses(plan: InjectionPlan | undefined, inForce: number, annotations: number): object {
  if (!plan || inForce === plan.matched.length || inForce * annotations > JUDGED_LIMIT) return {};
  const misses = plan.verdicts.flatMap(({ name, nearestMiss }) =>
    nearestMiss?.reason === 'value-differs' || nearestMiss?.reason === 'key-similar'
      ? [
          {
            name,
            reason: nearestMiss.reason,
            pattern: clip(nearestMiss.pattern ?? ''),
            value: clip(nearestMiss.value ?? ''),
          },
        ]
      : [],
  );
  return misses.length === 0 ? {} : { nearMisses: misses.slice(0, MISS_LIMIT) };
}

/** Gives what is said of a decision in one sentence. */
export function decisionMessage({ outcome, entries, doubts }: Decision): string {
  const hooks = `${entries.length} ${entries.length === 1 ? 'hook' : 'hooks'} injected`;
  switch (outcome) {
    case 'injected':
      return hooks;
    case 'unchanged':
      return 'no hook to inject';
    case 'refused':
      return `the container is not created: ${doubtsText(doubts)}`;
    case 'skipped':
      return `the container is created without the hooks in doubt, ${hooks}: ${doubtsText(doubts)}`;
    default:
      return outcome satisfies never;
  }
}

/** How many doubts a sentence names. */
const SENTENCE_LIMIT = 3;

function doubtsText(doubts: Decision['doubts']): string {
  const more = doubts.length - SENTENCE_LIMIT;
  const named = doubts.slice(0, SENTENCE_LIMIT).map(renderLine).join('; ');
  return more > 0 ? `${named}; and ${more} more` : named;
}

function labelsOf(labels: readonly Entry[]): object {
  return Object.fromEntries(labels.slice(0, LIST_LIMIT).map(({ key, value }) => [clip(key), clip(value)]));
}

function clip(text: string, limit = TEXT_LIMIT): string {
  return text.length <= limit ? text : `${text.slice(0, limit).toWellFormed()}...`;
}
