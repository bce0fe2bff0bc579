import { type Locate, type Part, type PathSegment, pointerOf } from '../definition/document.ts';
import type { HookDefinition } from '../definition/hook-definition.ts';
import {
  type Diagnostic,
  type DiagnosticPlace,
  error,
  hasErrors,
  type Parsed,
  warning,
} from '../diagnostic/diagnostic.ts';
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

/** A pattern, where it can be one, and what is to be said of it wherever it stands. */
export interface JudgedPattern {
  readonly pattern?: Pattern;
  readonly finding?: Finding;
}

type Finding = (place: DiagnosticPlace) => Diagnostic;

/** Compiles and judges patterns, each text once. */
export type PatternCompiler = (source: string) => JudgedPattern;

/** Gives the patterns that need no engine, undefined for the others. */
export type LiteralPatterns = (source: string) => JudgedPattern | undefined;

/** Gives literal patterns, each looked at once. */
export function createLiteralPatterns(): LiteralPatterns {
  const known = new Map<string, JudgedPattern | undefined>();
  return (source) => {
    const literal = known.get(source);
    if (literal || known.has(source)) return literal;
    const found = judgeLiteral(source);
    known.set(source, found);
    return found;
  };
}

/** Gives a compiler that remembers what it compiled; a pattern that is wrong stays wrong without being tried again. */
export function createPatternCompiler(
  engine: RegexEngine,
  literals: LiteralPatterns = createLiteralPatterns(),
): PatternCompiler {
  const compiled = new Map<string, JudgedPattern>();
  return (source) => {
    const known = literals(source) ?? compiled.get(source);
    if (known) return known;
    const result = judge(source, engine);
    compiled.set(source, result);
    return result;
  };
}

function judgeLiteral(source: string): JudgedPattern | undefined {
  const pattern = tooLong(source) ? undefined : literalPattern(source);
  return pattern && withAdvice(pattern);
}

function judge(source: string, engine: RegexEngine): JudgedPattern {
  const finding = tooLong(source);
  if (finding) return { finding };
  try {
    return withAdvice(compilePattern(source, engine));
  } catch (problem) {
    if (problem instanceof PatternError) return { finding: syntaxFinding(source, problem) };
    throw problem;
  }
}

function tooLong(source: string): Finding | undefined {
  if (source.length <= PATTERN_LIMIT / 4) return undefined;
  const length = utf8Length(source);
  if (length <= PATTERN_LIMIT) return undefined;
  return (place) => error('PATTERN_TOO_LONG', place, { length, limit: PATTERN_LIMIT });
}

function syntaxFinding(pattern: string, { message, fragment }: PatternError): Finding {
  const advice = adviseOnFragment(pattern, fragment);
  const reason = fragment === pattern ? message : `${message}: ${fragment}`;
  const args = { pattern, reason, ...(advice && { dialect: advice.dialect }) };
  return (place) => error('PATTERN_SYNTAX', { ...place, hint: advice?.hint }, args);
}

function withAdvice(pattern: Pattern): JudgedPattern {
  const { source } = pattern;
  const posix = findPosixPiece(source);
  if (posix) {
    const { hint, fragment } = posix;
    const finding: Finding = (place) => warning('PATTERN_POSIX', { ...place, hint }, { pattern: source, fragment });
    return { pattern, finding };
  }
  const hint = escapeBareDots(source);
  if (hint === undefined) return { pattern };
  const finding: Finding = (place) => warning('PATTERN_DOT_UNESCAPED', { ...place, hint }, { pattern: source });
  return { pattern, finding };
}

/** Tells whether a definition has a pattern that only a regex engine can decide. */
export function needsRegexEngine(
  { when }: HookDefinition,
  literals: LiteralPatterns = createLiteralPatterns(),
): boolean {
  const needsIt = (source: string): boolean => source.length <= PATTERN_LIMIT && !literals(source);
  const { annotations, commands } = when;
  return (
    Object.entries(annotations ?? {})
      .flat()
      .some(needsIt) ||
    (commands?.some(needsIt) ?? false)
  );
}

/** Compiles a definition that needs no engine and of whose patterns there is nothing to say; undefined for any other. */
export function compileLiterally(
  definition: HookDefinition,
  literals: LiteralPatterns,
): CompiledDefinition | undefined {
  const { annotations: pairs, commands: sources } = definition.when;
  const annotations: AnnotationMatcher[] = [];
  if (pairs) {
    for (const [keySource, valueSource] of Object.entries(pairs)) {
      const key = silentPattern(keySource, literals);
      const value = silentPattern(valueSource, literals);
      if (!key || !value) return undefined;
      annotations.push({ key, value });
    }
  }
  if (!sources) return { definition, annotations, commands: NO_PATTERNS };
  const commands: Pattern[] = [];
  for (const source of sources) {
    const command = silentPattern(source, literals);
    if (!command) return undefined;
    commands.push(command);
  }
  return { definition, annotations, commands };
}

const NO_PATTERNS: readonly Pattern[] = [];

function silentPattern(source: string, literals: LiteralPatterns): Pattern | undefined {
  const judged = literals(source);
  return judged?.finding ? undefined : judged?.pattern;
}

/** Compiles a definition's patterns; every wrong one is reported, and then there is no value. */
export function compileDefinition(
  definition: HookDefinition,
  compiler: PatternCompiler,
  locate: Locate,
): Parsed<CompiledDefinition> {
  const { when, version, path } = definition;
  const isCurrent = version === '1.0.0';
  const diagnostics: Diagnostic[] = [];
  /** Tells what there is to say, in the order in which the reference validates; a place is only made for that. */
  const tell = ({ finding }: JudgedPattern, placeOf: () => readonly PathSegment[], part: Part): void => {
    if (!finding) return;
    const place = placeOf();
    diagnostics.push(finding({ path, at: locate(place, part), pointer: pointerOf(place) }));
  };
  const annotations: AnnotationMatcher[] = [];
  for (const [key, value] of Object.entries(when.annotations ?? {})) {
    const [keyPattern, valuePattern] = [compiler(key), compiler(value)];
    const placeOf = () => (isCurrent ? ['when', 'annotations', key] : ['annotations']);
    // In format 0.1.0 the key is none of the file's.
    if (isCurrent) tell(keyPattern, placeOf, 'key');
    tell(valuePattern, placeOf, 'value');
    if (keyPattern.pattern && valuePattern.pattern) {
      annotations.push({ key: keyPattern.pattern, value: valuePattern.pattern });
    }
  }
  const commands: Pattern[] = [];
  when.commands?.forEach((source, index) => {
    const command = compiler(source);
    tell(command, () => (isCurrent ? ['when', 'commands', index] : ['cmds', index]), 'value');
    if (command.pattern) commands.push(command.pattern);
  });
  if (hasErrors(diagnostics)) return { diagnostics };
  return { value: { definition, annotations, commands }, diagnostics };
}
