import type { Diagnostic } from './diagnostic.ts';
import { renderDiagnostic } from './render.ts';

/**
 * Thrown when hook definitions with errors are used all the same; holds everything found.
 * `code` is the first error's.
 */
export class DefinitionError extends Error {
  override readonly name = 'DefinitionError';
  readonly code: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    super(renderErrors(diagnostics), options);
    this.code = firstErrorCode(diagnostics);
    this.diagnostics = diagnostics;
  }
}

/** Thrown when a config.json cannot be read as one, or cannot be decided on; `code` is the first error's. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code: string;
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    super(renderErrors(diagnostics), options);
    this.code = firstErrorCode(diagnostics);
    this.diagnostics = diagnostics;
  }
}

function firstErrorCode(diagnostics: readonly Diagnostic[]): string {
  const first = diagnostics.find((diagnostic) => diagnostic.severity === 'error') ?? diagnostics[0];
  return first?.code ?? 'UNKNOWN';
}

function renderErrors(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .filter((diagnostic) => diagnostic.severity === 'error')
    .map((diagnostic) => renderDiagnostic(diagnostic))
    .join('\n');
}
