import type { Catalog } from '../core/catalog/catalog.ts';
import { quote } from '../core/diagnostic/quote.ts';
import type { InjectionPlan } from '../core/injection/plan.ts';
import type { RuntimeSetting } from '../core/oci/runtime-setting.ts';
import type { NearestMiss, TriedCondition, Verdict } from '../core/when/verdict.ts';

/** Gives the lines that tell people what a plan does and why: one for each definition that matched, then the sum. */
export function describePlan(plan: InjectionPlan, catalog: Catalog, isPrecreateRun: boolean): string[] {
  const matched = plan.matchedVerdicts;
  const skipped = new Set(plan.skipped.map(({ stage, definition }) => `${definition} ${stage}`));
  const lines = matched.map((verdict) => {
    const stages = verdict.stages.map((stage) =>
      skipped.has(`${verdict.name} ${stage}`) ? `${stage} (there already)` : stage,
    );
    return `${verdict.name}: ${stages.join(', ') || 'no stage'}; ${verdict.conditions.map(describeCondition).join(', ')}`;
  });
  const ofExtension = Object.entries(plan.extension).filter(([stage]) => stage !== 'precreate' || !isPrecreateRun);
  for (const [stage, hooks] of ofExtension) {
    lines.push(
      `${hooks.length} ${stage} ${plural(hooks.length, 'hook')} not in the config: the engine runs that stage`,
    );
  }
  const { length } = plan.entries;
  const total = catalog.definitions.length;
  lines.push(
    `${length} ${plural(length, 'hook')} injected from ${matched.length} of ${total} ${plural(total, 'definition')}`,
  );
  return lines;
}

function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

/** Gives the line that says who a setting of the runtime's belongs to. */
export function describeRuntimeSetting({ name, value, reader }: RuntimeSetting): string {
  const what = name === 'cgroup namespace' ? `a ${name}` : name;
  const from = name === 'cgroup namespace' ? ` of ${quote(value ?? '')}` : ` ${quote(value ?? '')}`;
  const who = reader === 'crun' ? 'crun, and other runtimes ignore it' : 'the runtime';
  return `note: ${what}${value === undefined ? '' : from} belongs to ${who}: it passes through untouched, and no hook changes it`;
}

/** Gives one tried condition in words: `commands "^/bin/sh$" matches "/bin/sh"`. */
export function describeCondition({ condition, pattern, value, matched }: TriedCondition): string {
  switch (condition) {
    case 'always':
      return `always is ${pattern}`;
    case 'hasBindMounts':
      return pattern === 'true'
        ? `hasBindMounts: the container has ${value === 'true' ? 'some' : 'none'}`
        : 'hasBindMounts is false, which never matches';
    case 'annotations':
    case 'commands': {
      const verb = matched ? 'matches' : 'does not match';
      return value === undefined
        ? `${condition} ${quote(pattern ?? '')} finds nothing to match`
        : `${condition} ${quote(pattern ?? '')} ${verb} ${quote(value)}`;
    }
    default:
      return condition satisfies never;
  }
}

/** Gives the nearest miss in words, as advice. */
export function describeMiss(miss: NearestMiss): string {
  if (miss.engine === undefined) return describeReason(miss);
  return `${describeReason(miss)} (containerd passes on only those that pod_annotations and container_annotations list)`;
}

function describeReason({ reason, pattern, value }: NearestMiss): string {
  switch (reason) {
    case 'no-annotations':
      return 'the container has no annotations (an engine may pass on only those it is told to)';
    case 'key-absent':
      return `no annotation has a key like ${quote(pattern ?? '')}`;
    case 'key-similar':
      return `there is an annotation ${quote(value ?? '')}, which ${quote(pattern ?? '')} does not match`;
    case 'value-differs':
      return `the annotation is there with another value: ${quote(value ?? '')}`;
    case 'command-differs':
      return `the container runs ${quote(value ?? '')}`;
    case 'no-process':
      return 'the container has no process, so commands are not looked at';
    case 'args-empty':
      return 'process.args is empty';
    case 'no-bind-mounts':
      return "the container has no bind mounts that count (--has-bind-mounts any counts the engine's own too)";
    default:
      return reason satisfies never;
  }
}

/** Gives a verdict as a block of text: the outcome, then each condition tried, then the nearest miss. */
export function describeVerdict(verdict: Verdict): string[] {
  const outcome = verdict.matched ? 'matched' : 'not matched';
  const lines = [`${verdict.name}: ${outcome} (${verdict.path})`];
  for (const condition of verdict.conditions) {
    lines.push(`  ${condition.matched ? 'yes' : 'no '}  ${describeCondition(condition)}`);
  }
  if (verdict.conditions.length === 0) lines.push('  no   no condition could be tried');
  if (verdict.matched) lines.push(`  stages: ${verdict.stages.join(', ') || 'none'}`);
  if (verdict.nearestMiss) lines.push(`  near: ${describeMiss(verdict.nearestMiss)}`);
  return lines;
}
