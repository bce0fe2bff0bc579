import type { styleText } from 'node:util';
import { writeFrom } from '#file-calls';
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { escapeControls } from '../core/diagnostic/quote.ts';
import { renderDiagnostic, renderHeadline } from '../core/diagnostic/render.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { EAGAIN, EINTR, EPIPE, systemFailure } from '../host/errno.ts';

const STDOUT = 1;
const STDERR = 2;

/** A style of node:util's styleText. */
export type Style = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>;

/**
 * Writes the result. A reader that has gone away ends the writing quietly: it has what it wanted.
 *
 * @throws {SystemError} `STDOUT_WRITE`
 */
export function writeResult(result: string | Uint8Array): void {
  const failure = writeAll(STDOUT, typeof result === 'string' ? Buffer.from(result) : result);
  if (failure === 0 || failure === -EPIPE) return;
  const cause = systemFailure(failure);
  throw new SystemError('STDOUT_WRITE', { reason: cause.code }, { cause });
}

/**
 * Writes lines for people, with nothing in them that a terminal would obey. A standard error that cannot be written to
 * must not change what the program does.
 */
export function writeNote(lines: string): void {
  writeError(`${safeLines(lines)}\n`);
}

/** Gives lines of text with all controls but the line breaks made visible. */
export function safeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}

function writeError(text: string): void {
  // Where nobody is there to read it, nothing can be said.
  writeAll(STDERR, Buffer.from(text));
}

/**
 * Writes all bytes; gives 0, or minus the errno. Both may be pipes that do not block: EAGAIN means that the reader is
 * slower than we are.
 */
function writeAll(descriptor: number, bytes: Uint8Array): number {
  for (let written = 0; written < bytes.length; ) {
    const result = writeFrom(descriptor, bytes, written);
    if (result >= 0) written += result;
    else if (result === -EAGAIN) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    else if (result !== -EINTR) return result;
  }
  return 0;
}

/** Writes one JSON document as the whole result; bigints are written as plain digits. */
export function writeJson(document: object): void {
  writeResult(`${toJson({ schemaVersion: 1, ...document })}\n`);
}

/**
 * Gives a value of plain objects, lists, texts, numbers and bigints as JSON with two spaces. A bigint becomes a number of
 * all its digits; characters that a terminal would obey are written as escapes, which mean the same.
 */
export function toJson(value: unknown, indent = ''): string {
  if (typeof value === 'bigint') return String(value);
  // JSON.stringify gives undefined for undefined, which stands here for null, as it does in its own lists.
  if (typeof value !== 'object' || value === null) return escapeControls(JSON.stringify(value) ?? 'null');
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((element: unknown) => toJson(element, inner))
    : Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => `${escapeControls(JSON.stringify(key))}: ${toJson(member, inner)}`);
  const [open, close] = isList ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => inner + part).join(',\n')}\n${indent}${close}`;
}

/**
 * Gives a text in styles, the outermost first, for standard output or error, where the terminal and NO_COLOR, FORCE_COLOR
 * allow it.
 */
export function styled(styles: readonly Style[], text: string, stream: NodeJS.WriteStream): string {
  // Loaded by the first who styles something: a plain start never does, and the module is large.
  const util = process.getBuiltinModule('node:util');
  // One style at a time: with a list of them, Node 20's styleText asks neither the stream nor NO_COLOR.
  return styles.reduceRight((inner, style) => util.styleText(style, inner, { stream }), text);
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
    writeError(`${colourSeverity(safeLines(rendered), diagnostic.severity)}\n`);
  }
}

function colourSeverity(rendered: string, severity: 'error' | 'warning'): string {
  const styles: readonly Style[] = severity === 'error' ? ['red', 'bold'] : ['yellow'];
  return rendered.replace(`: ${severity} `, `: ${styled(styles, severity, process.stderr)} `);
}
