import { isObject } from '../definition/keys.ts';
import { typeName } from '../definition/shape.ts';
import { type Diagnostic, error, hasErrors, type Parsed } from '../diagnostic/diagnostic.ts';
import { type Position, positionAt, positionsIn } from '../diagnostic/position.ts';
import { hasRepeatedKeys } from '../json/repeated-keys.ts';
import { elementSpans, type MemberSpan, memberSpans, type Span, skipSpace } from '../json/scan.ts';
import { findJsonSyntaxError } from '../json/syntax-error.ts';
import type { OciConfig } from '../oci/config.ts';
import { STAGES } from '../oci/stage.ts';

/** The members of config.json that decide which hooks are injected, and where. */
const READ_MEMBERS: readonly string[] = ['annotations', 'hooks', 'mounts', 'process'];

/** A config's text that was found whole: its value, and the places of its members. */
export interface ConfigText {
  readonly text: string;
  readonly config: OciConfig;
  /** The opening brace of the document. */
  readonly start: number;
  readonly members: readonly MemberSpan[];
}

/**
 * Reads the text of a config.json. Only what `hooks` looks at is judged: the syntax, and the types and uniqueness of
 * the members that decide about hooks. The rest is the runtime's business.
 */
export function parseConfigText(text: string, path = 'config.json'): Parsed<ConfigText> {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch {
    // The engines word this error differently and seldom say where; the grammar is walked again to find out.
    const { offset, ...args } = findJsonSyntaxError(text) ?? { offset: 0, expected: 'JSON', found: 'other text' };
    return { diagnostics: [error('CONFIG_SYNTAX', { path, at: positionAt(text, offset) }, args)] };
  }
  const start = skipSpace(text, 0);
  const source: ConfigSource = { path, text, at: positionsIn(text) };
  if (!isObject(config)) {
    return { diagnostics: [typeDiagnostic(source, { start, end: start }, 'an object', config, '')] };
  }
  let members: readonly MemberSpan[] | undefined;
  const document: ConfigText = {
    text,
    // The members that are read are judged below; the type says no more than that.
    config: config as OciConfig,
    start,
    get members() {
      members ??= memberSpans(text, start);
      return members;
    },
  };
  if (isPlain(text, config)) return { value: document, diagnostics: [] };
  const object = config;
  const diagnostics = [
    ...checkKeys(source, document.members, READ_MEMBERS, ''),
    ...document.members.flatMap((member) => checkMember(source, member, object)),
  ];
  return hasErrors(diagnostics) ? { diagnostics } : { value: document, diagnostics };
}

/** Whether nothing can be wrong with what is read of a config: seen from its value, without looking at its text again. */
function isPlain(text: string, config: Readonly<Record<string, unknown>>): boolean {
  const { annotations, hooks, mounts, process } = config;
  return (
    !hasRepeatedKeys(text, config) &&
    hasOwnSpelling(config, READ_MEMBERS) &&
    isAbsentOr(annotations, (value) => isObject(value) && Object.values(value).every(isText)) &&
    isAbsentOr(mounts, (value) => Array.isArray(value) && value.every(isMount)) &&
    isAbsentOr(
      process,
      (value) => isObject(value) && hasOwnSpelling(value, ['args']) && isTexts(value['args'] ?? null),
    ) &&
    isAbsentOr(
      hooks,
      (value) =>
        isObject(value) &&
        hasOwnSpelling(value, STAGES) &&
        STAGES.every((stage) => isAbsentOr(value[stage], Array.isArray)),
    )
  );
}

function isAbsentOr(value: unknown, isRight: (value: unknown) => boolean): boolean {
  return value === undefined || value === null || isRight(value);
}

/** Whether no key is one of the names but for letter case. */
function hasOwnSpelling(object: object, names: readonly string[]): boolean {
  return Object.keys(object).every((key) => names.includes(key) || !names.some((name) => isFoldedTo(key, name)));
}

/** Gives a member's key as it counts, escapes read. */
export function keyOf(text: string, { key }: MemberSpan): string {
  const raw = text.slice(key.start + 1, key.end - 1);
  return raw.includes('\\') ? String(JSON.parse(text.slice(key.start, key.end))) : raw;
}

/** Gives the place of a member by its JSON Pointer, or of the nearest one around it. */
export function locateInConfig({ text, start }: ConfigText, pointer: string): Position {
  let span: Span = { start, end: text.length };
  for (const token of pointer.split('/').slice(1)) {
    const inner =
      text[span.start] === '['
        ? elementSpans(text, span.start)[Number(token)]
        : text[span.start] === '{'
          ? memberSpans(text, span.start).findLast((member) => escapeToken(keyOf(text, member)) === token)?.value
          : undefined;
    if (!inner) break;
    span = inner;
  }
  return positionAt(text, span.start);
}

/** Gives the value at a span. */
export function parseSpan(text: string, span: Span): unknown {
  return JSON.parse(text.slice(span.start, span.end));
}

/** A config's text on the way to being judged; a hostile one has findings by the million, so places are looked up. */
interface ConfigSource {
  readonly path: string;
  readonly text: string;
  readonly at: (offset: number) => Position;
}

/** Finds keys that are repeated, or that Go's readers would take for one of these and others would not. */
function checkKeys(
  { path, text, at }: ConfigSource,
  members: readonly MemberSpan[],
  names: readonly string[],
  parent: string,
): Diagnostic[] {
  const seen = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  for (const member of members) {
    const key = keyOf(text, member);
    const meant = names.find((name) => name === key) ?? names.find((name) => isFoldedTo(key, name));
    if (meant === undefined) continue;
    const place = { path, at: at(member.key.start), pointer: `${parent}/${meant}` };
    if (meant !== key) diagnostics.push(error('CONFIG_KEY_CASE', { ...place, hint: meant }, { key, meant }));
    else if (seen.has(key)) diagnostics.push(error('CONFIG_DUPLICATE_KEY', place, { key }));
    seen.add(key);
  }
  return diagnostics;
}

function isFoldedTo(key: string, name: string): boolean {
  return key.length === name.length && key.replaceAll('ſ', 's').toLowerCase() === name.toLowerCase();
}

function isText(value: unknown): boolean {
  return typeof value === 'string' || value === null;
}

function isTexts(value: unknown): boolean {
  return value === null || (Array.isArray(value) && value.every(isText));
}

/** Judges one member that decides about hooks; its places are only looked for when something is wrong. */
function checkMember(source: ConfigSource, member: MemberSpan, config: object): Diagnostic[] {
  const { text } = source;
  const key = keyOf(text, member);
  const value: unknown = READ_MEMBERS.includes(key) ? Reflect.get(config, key) : null;
  if (value === null) return [];
  const pointer = `/${key}`;
  if (key === 'mounts') return checkMounts(source, member.value, value);
  if (!isObject(value)) return [typeDiagnostic(source, member.value, 'an object', value, pointer)];
  if (key === 'annotations') return Object.values(value).every(isText) ? [] : checkAnnotations(source, member.value);
  const inner = memberSpans(text, member.value.start);
  const names: readonly string[] = key === 'process' ? ['args'] : STAGES;
  const diagnostics = checkKeys(source, inner, names, pointer);
  for (const span of inner) {
    const name = keyOf(text, span);
    if (!names.includes(name)) continue;
    const found = value[name];
    const isRight = key === 'process' ? isTexts(found) : found === null || Array.isArray(found);
    if (isRight) continue;
    const expected = key === 'process' ? 'a list of strings' : 'a list of hooks';
    diagnostics.push(typeDiagnostic(source, span.value, expected, found, `${pointer}/${name}`));
  }
  return diagnostics;
}

function checkAnnotations(source: ConfigSource, annotations: Span): Diagnostic[] {
  const { text } = source;
  return memberSpans(text, annotations.start).flatMap((span) => {
    const value = parseSpan(text, span.value);
    if (isText(value)) return [];
    const pointer = `/annotations/${escapeToken(keyOf(text, span))}`;
    return [typeDiagnostic(source, span.value, 'a string', value, pointer)];
  });
}

function checkMounts(source: ConfigSource, span: Span, value: unknown): Diagnostic[] {
  if (!Array.isArray(value)) return [typeDiagnostic(source, span, 'a list of mounts', value, '/mounts')];
  if (value.every(isMount)) return [];
  return elementSpans(source.text, span.start).flatMap((element, index) => {
    const mount: unknown = value[index];
    if (isMount(mount)) return [];
    const expected = 'a mount with a destination and options as strings';
    return [typeDiagnostic(source, element, expected, mount, `/mounts/${index}`)];
  });
}

function isMount(value: unknown): boolean {
  return isObject(value) && typeof value['destination'] === 'string' && isTexts(value['options'] ?? null);
}

function escapeToken(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function typeDiagnostic(
  { path, at }: ConfigSource,
  span: Span,
  expected: string,
  found: unknown,
  pointer: string,
): Diagnostic {
  return error('CONFIG_TYPE', { path, at: at(span.start), pointer }, { expected, found: typeName(found) });
}
