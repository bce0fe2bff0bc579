import { type Locate, type Part, type PathSegment, pointerOf } from '../definition/document.ts';
import type { HookDefinition } from '../definition/hook-definition.ts';
import { type Diagnostic, error, hasErrors, type Parsed, warning } from '../diagnostic/diagnostic.ts';
import { utf8Length } from './byte-length.ts';
import { compilePattern, literalPattern, type Pattern, PatternError, type RegexEngine } from './pattern.ts';
import { adviseOnFragment, escapeBareDots, findPosixPiece } from './pattern-advice.ts';

/** The most bytes a pattern may have; matching time grows with it. */
export const PATTERN_LIMIT = 4096;

/** One annotation condition: both patterns must match one annotation. */
export interface AnnotationMatcher {
  readonly key: Pattern;
  readonly value: Pattern;
}

/** A definition whose patterns are compiled. */
export interface CompiledDefinition {
  readonly definition: HookDefinition;
  readonly annotations: readonly AnnotationMatcher[];
  readonly commands: readonly Pattern[];
}

/** Compiles patterns, each text once; a pattern that is wrong stays wrong without being tried again. */
export type PatternCompiler = (source: string) => Pattern | PatternError;

/** Gives a compiler that remembers what it compiled. */
export function createPatternCompiler(engine: RegexEngine): PatternCompiler {
  const compiled = new Map<string, Pattern | PatternError>();
  return (source) => {
    const known = compiled.get(source);
    if (known) return known;
    const result = tryCompile(source, engine);
    compiled.set(source, result);
    return result;
  };
}

function tryCompile(source: string, engine: RegexEngine): Pattern | PatternError {
  try {
    return compilePattern(source, engine);
  } catch (problem) {
    if (problem instanceof PatternError) return problem;
    throw problem;
  }
}

interface PlacedPattern {
  readonly source: string;
  readonly path: readonly PathSegment[];
  readonly part: Part;
}

/** Gives every pattern of a definition with its place, in the order the reference validates them. */
function patternsOf(definition: HookDefinition): PlacedPattern[] {
  const { when, version } = definition;
  const annotations = Object.entries(when.annotations ?? {});
  const commands = when.commands ?? [];
  if (version === '0.1.0') {
    return [
      ...annotations.map(([, source]) => ({ source, path: ['annotations'], part: 'value' as const })),
      ...commands.map((source, index) => ({ source, path: ['cmds', index], part: 'value' as const })),
    ];
  }
  return [
    ...annotations.flatMap(([key, value]) => [
      { source: key, path: ['when', 'annotations', key], part: 'key' as const },
      { source: value, path: ['when', 'annotations', key], part: 'value' as const },
    ]),
    ...commands.map((source, index) => ({ source, path: ['when', 'commands', index], part: 'value' as const })),
  ];
}

/** Tells whether a definition has a pattern that only a regex engine can decide. */
export function needsRegexEngine(definition: HookDefinition): boolean {
  return patternsOf(definition).some(({ source }) => source.length <= PATTERN_LIMIT && !literalPattern(source));
}

/** Compiles a definition's patterns; every wrong one is reported, and then there is no value. */
export function compileDefinition(
  definition: HookDefinition,
  compiler: PatternCompiler,
  locate: Locate,
): Parsed<CompiledDefinition> {
  const diagnostics = patternsOf(definition).flatMap(({ source, path, part }) =>
    checkPattern(source, compiler, () => ({
      path: definition.path,
      at: locate(path, part),
      pointer: pointerOf(path),
    })),
  );
  if (hasErrors(diagnostics)) return { diagnostics };
  const pattern = (source: string): Pattern => {
    const compiled = compiler(source);
    if (compiled instanceof PatternError) throw compiled;
    return compiled;
  };
  const annotations = Object.entries(definition.when.annotations ?? {}).map(([key, value]) => ({
    key: pattern(key),
    value: pattern(value),
  }));
  const commands = (definition.when.commands ?? []).map(pattern);
  return { value: { definition, annotations, commands }, diagnostics };
}

function checkPattern(
  pattern: string,
  compiler: PatternCompiler,
  place: () => Parameters<typeof error>[1],
): Diagnostic[] {
  if (pattern.length > PATTERN_LIMIT / 4) {
    const length = utf8Length(pattern);
    if (length > PATTERN_LIMIT) return [error('PATTERN_TOO_LONG', place(), { length, limit: PATTERN_LIMIT })];
  }
  const compiled = compiler(pattern);
  if (compiled instanceof PatternError) {
    const { message, fragment } = compiled;
    const advice = adviseOnFragment(pattern, fragment);
    const reason = fragment === pattern ? message : `${message}: ${fragment}`;
    const args = { pattern, reason, ...(advice && { dialect: advice.dialect }) };
    return [error('PATTERN_SYNTAX', { ...place(), hint: advice?.hint }, args)];
  }
  const posix = findPosixPiece(pattern);
  if (posix) {
    return [warning('PATTERN_POSIX', { ...place(), hint: posix.hint }, { pattern, fragment: posix.fragment })];
  }
  const escaped = escapeBareDots(pattern);
  if (escaped !== undefined) return [warning('PATTERN_DOT_UNESCAPED', { ...place(), hint: escaped }, { pattern })];
  return [];
}
