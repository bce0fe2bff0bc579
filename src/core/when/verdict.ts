import type { HookDefinition } from '../definition/hook-definition.ts';
import { nearest } from '../diagnostic/nearest.ts';
import type { AnnotationMatcher, CompiledDefinition } from './compile.ts';
import { type MatchSubject, matchDefinition } from './match.ts';

/** A condition that was tried: its pattern, the value it was tried on, and what came of it. */
export interface TriedCondition {
  readonly condition: 'always' | 'hasBindMounts' | 'annotations' | 'commands';
  /** For annotations `key pattern: value pattern`; for commands all patterns, joined by ` or `. */
  readonly pattern?: string;
  /** For annotations `key: value` of the one that matched, or came nearest; for commands process.args[0]. */
  readonly value?: string;
  readonly matched: boolean;
}

/** Why a condition nearly matched, for people who wonder why a hook is not injected. */
export interface NearestMiss {
  readonly condition: 'annotations' | 'commands' | 'hasBindMounts';
  readonly reason:
    | 'no-annotations'
    | 'key-absent'
    | 'key-similar'
    | 'value-differs'
    | 'command-differs'
    | 'no-process'
    | 'args-empty'
    | 'no-bind-mounts';
  readonly pattern?: string;
  readonly value?: string;
  /** The engine that may have held back the annotation that is absent. */
  readonly engine?: 'containerd';
}

/** Whether a definition matched a container, and which conditions decided it, in the order they were tried. */
export interface Verdict {
  readonly name: string;
  readonly path: string;
  readonly matched: boolean;
  readonly stages: readonly string[];
  readonly conditions: readonly TriedCondition[];
  readonly nearestMiss?: NearestMiss;
}

// Of the annotations that Kubernetes asks for, containerd passes on those only that pod_annotations and
// container_annotations list; its own come always. Source: containerd, internal/cri/annotations.
const CONTAINERD_PREFIX = 'io.kubernetes.cri.';
const CONTAINERD = { engine: 'containerd' } as const;

/** Tells whether a definition did not match because of an annotation that containerd may have held back. */
export function isMissedByContainerd({ nearestMiss }: Verdict): boolean {
  return nearestMiss?.engine === 'containerd';
}

/** Gives the verdict on a definition; `matched` is what `matchDefinition` says. */
export function judgeDefinition(compiled: CompiledDefinition, subject: MatchSubject): Verdict {
  const { definition } = compiled;
  const matched = matchDefinition(compiled, subject) === 'matched';
  const tried = tryConditions(compiled, subject);
  const miss = matched ? undefined : nearestMiss(compiled, subject, tried);
  return {
    name: definition.name,
    path: definition.path,
    matched,
    stages: definition.stages,
    conditions: tried,
    ...(miss && { nearestMiss: miss }),
  };
}

function tryConditions(compiled: CompiledDefinition, subject: MatchSubject): TriedCondition[] {
  const tried: TriedCondition[] = [];
  const isDecided = isDecidedBy(compiled.definition);
  for (const attempt of attempts(compiled, subject)) {
    tried.push(attempt);
    if (isDecided(attempt.matched)) break;
  }
  return tried;
}

/** All must hold: the first that fails decides. Any is enough: the first that holds does. */
function isDecidedBy({ when }: HookDefinition): (matched: boolean) => boolean {
  return (matched) => matched === (when.combine === 'any');
}

function* attempts(compiled: CompiledDefinition, subject: MatchSubject): Generator<TriedCondition> {
  const { always, hasBindMounts } = compiled.definition.when;
  if (always !== undefined) yield { condition: 'always', pattern: String(always), matched: always };
  if (hasBindMounts !== undefined) {
    yield {
      condition: 'hasBindMounts',
      pattern: String(hasBindMounts),
      value: String(subject.hasBindMounts),
      matched: hasBindMounts && subject.hasBindMounts,
    };
  }
  for (const matcher of compiled.annotations) yield tryAnnotation(matcher, subject);
  if (compiled.commands.length > 0 && subject.command !== undefined) {
    const { command } = subject;
    yield {
      condition: 'commands',
      pattern: compiled.commands.map(({ source }) => source).join(' or '),
      ...(command !== null && { value: command }),
      matched: command !== null && compiled.commands.some((pattern) => pattern.test(command)),
    };
  }
}

function tryAnnotation(matcher: AnnotationMatcher, subject: MatchSubject): TriedCondition {
  const pattern = `${matcher.key.source}: ${matcher.value.source}`;
  const ofKey = subject.annotations.filter(([key]) => matcher.key.test(key));
  const found = ofKey.find(([, value]) => matcher.value.test(value));
  const shown = found ?? ofKey[0];
  return {
    condition: 'annotations',
    pattern,
    ...(shown && { value: `${shown[0]}: ${shown[1]}` }),
    matched: found !== undefined,
  };
}

function nearestMiss(
  compiled: CompiledDefinition,
  subject: MatchSubject,
  tried: readonly TriedCondition[],
): NearestMiss | undefined {
  const failed = tried.findLast(({ matched }) => !matched);
  const { commands, annotations } = compiled;
  if (commands.length > 0 && subject.command === undefined && failed === undefined) {
    return { condition: 'commands', reason: 'no-process' };
  }
  switch (failed?.condition) {
    case 'hasBindMounts':
      return failed.pattern === 'true' ? { condition: 'hasBindMounts', reason: 'no-bind-mounts' } : undefined;
    case 'commands': {
      if (failed.value === undefined) return { condition: 'commands', reason: 'args-empty' };
      return { condition: 'commands', reason: 'command-differs', value: failed.value, ...patternOf(failed) };
    }
    case 'annotations': {
      const matcher = annotations.find((one) => failed.pattern === `${one.key.source}: ${one.value.source}`);
      return matcher && annotationMiss(matcher, subject, failed);
    }
    default:
      return undefined;
  }
}

function annotationMiss(matcher: AnnotationMatcher, subject: MatchSubject, failed: TriedCondition): NearestMiss {
  if (subject.annotations.length === 0) return { condition: 'annotations', reason: 'no-annotations' };
  if (failed.value !== undefined) {
    const pattern = matcher.value.source;
    return { condition: 'annotations', reason: 'value-differs', pattern, value: failed.value };
  }
  const wanted = matcher.key.exact ?? matcher.key.source.replace(/^\^|\$$|\\/g, '');
  const similar = nearest(
    wanted,
    subject.annotations.map(([key]) => key),
  );
  const pattern = matcher.key.source;
  const engine = subject.annotations.some(([key]) => key.startsWith(CONTAINERD_PREFIX)) ? CONTAINERD : {};
  if (similar === undefined) return { condition: 'annotations', reason: 'key-absent', pattern, ...engine };
  return { condition: 'annotations', reason: 'key-similar', pattern, value: similar, ...engine };
}

function patternOf({ pattern }: TriedCondition): { readonly pattern?: string } {
  return pattern === undefined ? {} : { pattern };
}
