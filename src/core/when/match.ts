import type { CompiledDefinition } from './compile.ts';
import type { Pattern } from './pattern.ts';

/** A container as matching reads it: texts well-formed, annotations listed once. */
export interface MatchSubject {
  /** process.args[0]; undefined when there is no process, null when the process has no arguments. */
  readonly command: string | null | undefined;
  readonly annotations: readonly (readonly [key: string, value: string])[];
  readonly hasBindMounts: boolean;
}

/** `args-empty` is the reference's error: a commands condition is reached, and process.args has no entry. */
export type MatchResult = 'matched' | 'not-matched' | 'args-empty';

/**
 * Decides whether a container meets a definition's conditions.
 *
 * Order: always, hasBindMounts, annotations, commands; the first that decides ends it. `commands` is left out when the
 * container has no process. A definition without conditions never matches.
 * Source: containers/common pkg/hooks/1.0.0/when.go.
 */
export function matchDefinition(compiled: CompiledDefinition, subject: MatchSubject): MatchResult {
  return compiled.definition.when.combine === 'all' ? matchAll(compiled, subject) : matchAny(compiled, subject);
}

function matchAll({ definition, annotations, commands }: CompiledDefinition, subject: MatchSubject): MatchResult {
  const { always, hasBindMounts } = definition.when;
  if (always === false || hasBindMounts === false) return 'not-matched';
  if (hasBindMounts === true && !subject.hasBindMounts) return 'not-matched';
  for (const { key, value } of annotations) {
    if (!hasAnnotation(subject, key, value)) return 'not-matched';
  }
  if (commands.length > 0 && subject.command !== undefined) {
    if (subject.command === null) return 'args-empty';
    return matchesSome(commands, subject.command) ? 'matched' : 'not-matched';
  }
  return always === true || hasBindMounts === true || annotations.length > 0 ? 'matched' : 'not-matched';
}

function matchAny({ definition, annotations, commands }: CompiledDefinition, subject: MatchSubject): MatchResult {
  if (definition.when.hasBindMounts === true && subject.hasBindMounts) return 'matched';
  for (const { key, value } of annotations) {
    if (hasAnnotation(subject, key, value)) return 'matched';
  }
  if (commands.length === 0 || subject.command === undefined) return 'not-matched';
  if (subject.command === null) return 'args-empty';
  return matchesSome(commands, subject.command) ? 'matched' : 'not-matched';
}

function hasAnnotation(subject: MatchSubject, keyPattern: Pattern, valuePattern: Pattern): boolean {
  for (const [key, value] of subject.annotations) {
    if (keyPattern.test(key) && valuePattern.test(value)) return true;
  }
  return false;
}

function matchesSome(patterns: readonly Pattern[], text: string): boolean {
  for (const pattern of patterns) {
    if (pattern.test(text)) return true;
  }
  return false;
}
