import type { DiagnosticArguments, DiagnosticCode } from './code.ts';
import type { Position } from './position.ts';

/** An error keeps the input from being used; a warning does not. */
export type Severity = 'error' | 'warning';

/**
 * One finding about an input, as data: the English for it is made by `renderDiagnostic`.
 *
 * `path` is the file as the caller named it; `at` the place in its text; `pointer` the JSON Pointer (RFC 6901) of the
 * value meant; `hint` the text to write instead, where one is likely (`prestart` for `preStart`).
 */
export interface Diagnostic<Code extends DiagnosticCode = DiagnosticCode> {
  readonly code: Code;
  readonly severity: Severity;
  readonly path: string;
  readonly at?: Position;
  readonly pointer?: string;
  readonly args: DiagnosticArguments[Code];
  readonly hint?: string;
}

/** A value when the input gave one, and everything there is to say about the input. */
export interface Parsed<T> {
  readonly value?: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Where a finding lies: the file, and as far as known the place in it. */
export interface DiagnosticPlace {
  readonly path: string;
  readonly at?: Position | undefined;
  readonly pointer?: string | undefined;
  readonly hint?: string | undefined;
}

/** Makes a diagnostic of severity `error`. */
export function error<Code extends DiagnosticCode>(
  code: Code,
  place: DiagnosticPlace,
  args: DiagnosticArguments[Code],
): Diagnostic {
  return make(code, 'error', place, args);
}

/** Makes a diagnostic of severity `warning`. */
export function warning<Code extends DiagnosticCode>(
  code: Code,
  place: DiagnosticPlace,
  args: DiagnosticArguments[Code],
): Diagnostic {
  return make(code, 'warning', place, args);
}

/** Tells whether any of the findings is an error. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === 'error');
}

/**
 * Gives findings file by file, and within a file by place.
 *
 * @param paths - the files in their order; others follow as they are first met
 */
export function inFileOrder(diagnostics: readonly Diagnostic[], paths: readonly string[] = []): readonly Diagnostic[] {
  if (diagnostics.length < 2) return diagnostics;
  const files = new Map(paths.map((path, index) => [path, index]));
  for (const { path } of diagnostics) if (!files.has(path)) files.set(path, files.size);
  const rank = ({ path }: Diagnostic): number => files.get(path) ?? 0;
  return [...diagnostics].sort(
    (left, right) => rank(left) - rank(right) || (left.at?.offset ?? 0) - (right.at?.offset ?? 0),
  );
}

function make<Code extends DiagnosticCode>(
  code: Code,
  severity: Severity,
  place: DiagnosticPlace,
  args: DiagnosticArguments[Code],
): Diagnostic {
  return {
    code,
    severity,
    path: place.path,
    ...(place.at && { at: place.at }),
    ...(place.pointer !== undefined && { pointer: place.pointer }),
    args,
    ...(place.hint !== undefined && { hint: place.hint }),
  };
}
