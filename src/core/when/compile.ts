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

/** Gives the patterns that need no engine, undefined for the others. */
export type LiteralPatterns = (source: string) => Pattern | undefined;

/** Gives `literalPattern` with a memory. */
export function createLiteralPatterns(): LiteralPatterns {
  const known = new Map<string, Pattern | undefined>();
  return (source) => {
    const literal = known.get(source);
    if (literal || known.has(source)) return literal;
    const found = literalPattern(source);
    known.set(source, found);
    return found;
  };
}

/** Gives a compiler that remembers what it compiled. */
export function createPatternCompiler(
  engine: RegexEngine,
  literals: LiteralPatterns = createLiteralPatterns(),
): PatternCompiler {
  const compiled = new Map<string, Pattern | PatternError>();
  return (source) => {
    const known = literals(source) ?? compiled.get(source);
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

interface PatternPlace {
  readonly path: readonly PathSegment[];
  readonly part: Part;
}

/** Told each pattern; its place is made when it is asked for. */
type Visit = (source: string, place: () => PatternPlace) => void;

/** Goes through the patterns of a definition, in the order the reference validates them. */
function visitPatterns({ when, version }: HookDefinition, visit: Visit): void {
  const isCurrent = version === '1.0.0';
  const annotations = when.annotations ?? {};
  for (const key of Object.keys(annotations)) {
    const path = isCurrent ? ['when', 'annotations', key] : ['annotations'];
    if (isCurrent) visit(key, () => ({ path, part: 'key' }));
    visit(annotations[key] ?? '', () => ({ path, part: 'value' }));
  }
  when.commands?.forEach((source, index) => {
    visit(source, () => ({ path: isCurrent ? ['when', 'commands', index] : ['cmds', index], part: 'value' }));
  });
}

/** Tells whether a definition has a pattern that only a regex engine can decide. */
export function needsRegexEngine(definition: HookDefinition, literals: LiteralPatterns = literalPattern): boolean {
  let isNeeded = false;
  visitPatterns(definition, (source) => {
    isNeeded ||= source.length <= PATTERN_LIMIT && !literals(source);
  });
  return isNeeded;
}

/** Compiles a definition's patterns; every wrong one is reported, and then there is no value. */
export function compileDefinition(
  definition: HookDefinition,
  compiler: PatternCompiler,
  locate: Locate,
): Parsed<CompiledDefinition> {
  const diagnostics: Diagnostic[] = [];
  visitPatterns(definition, (source, placeOf) => {
    const found = checkPattern(source, compiler, () => {
      const { path, part } = placeOf();
      return { path: definition.path, at: locate(path, part), pointer: pointerOf(path) };
    });
    if (found) diagnostics.push(found);
  });
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
): Diagnostic | undefined {
  if (pattern.length > PATTERN_LIMIT / 4) {
    const length = utf8Length(pattern);
    if (length > PATTERN_LIMIT) return error('PATTERN_TOO_LONG', place(), { length, limit: PATTERN_LIMIT });
  }
  const compiled = compiler(pattern);
  if (compiled instanceof PatternError) {
    const { message, fragment } = compiled;
    const advice = adviseOnFragment(pattern, fragment);
    const reason = fragment === pattern ? message : `${message}: ${fragment}`;
    const args = { pattern, reason, ...(advice && { dialect: advice.dialect }) };
    return error('PATTERN_SYNTAX', { ...place(), hint: advice?.hint }, args);
  }
  const posix = findPosixPiece(pattern);
  if (posix) {
    return warning('PATTERN_POSIX', { ...place(), hint: posix.hint }, { pattern, fragment: posix.fragment });
  }
  const escaped = escapeBareDots(pattern);
  if (escaped !== undefined) return warning('PATTERN_DOT_UNESCAPED', { ...place(), hint: escaped }, { pattern });
  return undefined;
}
