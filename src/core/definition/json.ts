import { type Diagnostic, error, type Parsed } from '../diagnostic/diagnostic.ts';
import { type Position, positionAt, positionsIn } from '../diagnostic/position.ts';
import { hasRepeatedKeys } from '../json/repeated-keys.ts';
import { elementSpans, isNestedDeeper, memberSpans, type Span, skipSpace, skipValue } from '../json/scan.ts';
import { findJsonSyntaxError } from '../json/syntax-error.ts';
import { once, type SourceDocument, type SourceNode } from './document.ts';

// encoding/json refuses deeper nesting (decode.go, maxNestingDepth).
const NESTING_LIMIT = 10_000;

/** Reads a text as JSON, as strictly as Go's encoding/json: no comments, no byte order mark, nothing behind it. */
export function readJson(path: string, text: string): Parsed<SourceDocument> {
  if (text.startsWith('\ufeff')) return fail(error('BYTE_ORDER_MARK', { path, at: positionAt(text, 0) }, {}));
  if (isNestedDeeper(text, NESTING_LIMIT)) {
    return fail(error('NESTING_TOO_DEEP', { path, at: positionAt(text, 0) }, { limit: NESTING_LIMIT }));
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engines word this error differently and seldom say where; the grammar is walked again to find out.
    return fail(jsonSyntaxDiagnostic(path, text));
  }
  const root = once(() => jsonRoot(text, value));
  return { value: { value, root, hasRepeatedKeys: hasRepeatedKeys(text, value) }, diagnostics: [] };
}

/** Gives the root of a text that JSON.parse has accepted, and made this value of. */
export function jsonRoot(text: string, value: unknown): SourceNode {
  const start = skipSpace(text, 0);
  return jsonNode(text, { start, end: skipValue(text, start) }, value, positionsIn(text));
}

function jsonSyntaxDiagnostic(path: string, text: string): Diagnostic {
  const found = findJsonSyntaxError(text) ?? { offset: 0, expected: 'JSON', found: 'text that cannot be read as such' };
  const at = positionAt(text, found.offset);
  return error('JSON_SYNTAX', { path, at }, { expected: found.expected, found: found.found });
}

function fail(diagnostic: Diagnostic): Parsed<SourceDocument> {
  return { diagnostics: [diagnostic] };
}

function jsonNode(text: string, span: Span, value: unknown, at: (offset: number) => Position): SourceNode {
  const parsePart = (part: Span): unknown => JSON.parse(text.slice(part.start, part.end));
  return {
    value,
    literal: () => text.slice(span.start, span.end),
    position: () => at(span.start),
    members: once(() => {
      if (text[span.start] !== '{') return [];
      return memberSpans(text, span.start).map((member) => ({
        key: String(parsePart(member.key)),
        keyPosition: () => at(member.key.start),
        node: jsonNode(text, member.value, parsePart(member.value), at),
      }));
    }),
    elements: once(() => {
      if (text[span.start] !== '[') return [];
      return elementSpans(text, span.start).map((element) => jsonNode(text, element, parsePart(element), at));
    }),
  };
}
