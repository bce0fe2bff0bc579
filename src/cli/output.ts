import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { diagnosticText, renderDiagnostic, renderHeadline } from '../core/diagnostic/render.ts';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';

const STDOUT = 1;
const STDERR = 2;

/** A style of node:util's styleText. */
export type Style = Parameters<typeof styleText>[0];

/**
 * Writes the result. A reader that has gone away ends the writing quietly: it has what it wanted.
 *
 * @throws {SystemError} `STDOUT_WRITE`
 */
export function writeResult(result: string | Uint8Array): void {
  const bytes = typeof result === 'string' ? Buffer.from(result) : result;
  try {
    writeAll(STDOUT, bytes);
  } catch (error) {
    if (errnoOf(error) === 'EPIPE') return;
    throw new SystemError('STDOUT_WRITE', { reason: errnoOf(error) ?? String(error) }, { cause: error });
  }
}

/** Writes a line for people; a standard error that cannot be written to must not change what the program does. */
export function writeNote(line: string): void {
  try {
    writeAll(STDERR, Buffer.from(`${line}\n`));
  } catch (error) {
    // Nobody is there to read it.
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Both may be pipes that do not block: EAGAIN means that the reader is slower than we are. */
function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** Writes one JSON document as the whole result; bigints are written as plain digits. */
export function writeJson(document: object): void {
  writeResult(`${toJson({ schemaVersion: 1, ...document })}\n`);
}

/** Gives a value as JSON with two spaces; a bigint becomes a number of all its digits. */
export function toJson(value: unknown): string {
  const digits: string[] = [];
  // JSON.stringify has no way to write a bigint, so each gets a mark that no text can hold and is put in afterwards.
  const marked = JSON.stringify(
    value,
    (_key, part: unknown) => {
      if (typeof part !== 'bigint') return part;
      digits.push(String(part));
      return `\u0000${digits.length - 1}`;
    },
    2,
  );
  return digits.length === 0
    ? marked
    : marked.replace(/"\\u0000(\d+)"/g, (_whole, index) => digits[Number(index)] ?? '');
}

/** Gives findings as data for `--json`, each with its English. */
export function diagnosticsAsData(diagnostics: readonly Diagnostic[]): readonly object[] {
  return diagnostics.map((diagnostic) => {
    const { what, why, fix } = diagnosticText(diagnostic);
    return { ...diagnostic, message: what, why, fix };
  });
}

/** Gives a text in a style on standard output or error, where the terminal and NO_COLOR, FORCE_COLOR allow it. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream): string {
  // One style at a time: given a list, Node 20's styleText looks neither at the stream nor at NO_COLOR.
  const styles = typeof style === 'string' ? [style] : style;
  return styles.reduce((styledText, each) => styleText(each, styledText, { stream }), text);
}

/**
 * Writes findings for people: errors at length, with the line they lie on; warnings too, or as one line each.
 *
 * @param readText - gives a file's text for the excerpt, when it can still be read
 */
export function writeDiagnostics(
  diagnostics: readonly Diagnostic[],
  options: { readonly warnings: 'full' | 'brief' | 'none'; readonly readText?: (path: string) => string | undefined },
): void {
  for (const diagnostic of diagnostics) {
    const isWarning = diagnostic.severity === 'warning';
    if (isWarning && options.warnings === 'none') continue;
    const isBrief = isWarning && options.warnings === 'brief';
    const rendered = isBrief
      ? renderHeadline(diagnostic)
      : renderDiagnostic(diagnostic, options.readText?.(diagnostic.path));
    writeNote(colourSeverity(rendered, diagnostic.severity));
  }
}

function colourSeverity(rendered: string, severity: 'error' | 'warning'): string {
  const style: Style = severity === 'error' ? ['red', 'bold'] : 'yellow';
  return rendered.replace(`: ${severity} `, `: ${styled(style, severity, process.stderr)} `);
}
