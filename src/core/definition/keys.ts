import { type Diagnostic, warning } from '../diagnostic/diagnostic.ts';
import { nearest } from '../diagnostic/nearest.ts';
import {
  foldKey,
  type PathSegment,
  pointerOf,
  type SourceDocument,
  type SourceMember,
  type SourceNode,
} from './document.ts';

/**
 * How encoding/json stores a key's value when it comes again: a `text` keeps its value on null, a `scalar`, `list` or
 * `map` is cleared by null, a map and an object merge, everything else is replaced.
 */
export type KeyKind = 'text' | 'scalar' | 'list' | 'map' | KeyKinds;

/** The keys that an object of a format knows. */
export interface KeyKinds {
  readonly [key: string]: KeyKind;
}

/** A definition's value as encoding/json would have stored it, and what is odd about its keys. */
export interface CanonicalValue {
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
  /** Values that a later key replaced; a wrong type among them still fails the document, as in Go. */
  readonly replaced: readonly ReplacedValue[];
}

/** A value that a later one of the same key replaced. */
export interface ReplacedValue {
  readonly path: readonly PathSegment[];
  readonly node: SourceNode;
  /** The value with its keys in their own spelling. */
  readonly value: unknown;
}

/**
 * Gives a definition's value with each known key in its own spelling and repeated keys merged, as encoding/json does it,
 * each with a warning. A document that is free of both comes back as it is.
 * Source: Go 1.23, encoding/json/decode.go.
 */
export function canonicalKeys(path: string, document: SourceDocument, kinds: KeyKinds): CanonicalValue {
  if (!document.hasRepeatedKeys && hasOnlyKnownKeys(document.value, kinds)) {
    return { value: document.value, diagnostics: [], replaced: [] };
  }
  const merge: Merge = { file: path, diagnostics: [], replaced: [], elements: new Map() };
  const value = isObject(document.value) ? mergeObject(merge, {}, document.root(), kinds, []) : document.value;
  return { value, diagnostics: merge.diagnostics, replaced: merge.replaced };
}

/** Tells objects from arrays, null and plain values. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Merge {
  readonly file: string;
  readonly diagnostics: Diagnostic[];
  readonly replaced: ReplacedValue[];
  /** By JSON Pointer, all elements that a list has had and Go still holds. */
  readonly elements: Map<string, readonly unknown[]>;
}

function hasOnlyKnownKeys(value: unknown, kinds: KeyKinds): boolean {
  if (!isObject(value)) return true;
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(kinds, key)) return false;
    const kind = kinds[key];
    if (typeof kind === 'object' && !hasOnlyKnownKeys(value[key], kind)) return false;
  }
  return true;
}

function mergeObject(
  merge: Merge,
  into: Readonly<Record<string, unknown>>,
  node: SourceNode,
  kinds: KeyKinds,
  path: readonly PathSegment[],
): Record<string, unknown> {
  const result = new Map(Object.entries(into));
  const seen = new Map<string, SourceNode>();
  for (const member of node.members()) {
    const key = knownKey(member.key, kinds);
    const place = { path: merge.file, at: member.keyPosition(), pointer: pointerOf([...path, member.key]) };
    if (key === undefined) {
      const hint = nearest(
        member.key,
        Object.keys(kinds).filter((known) => known !== '$schema'),
      );
      const known = Object.keys(kinds).filter((name) => name !== '$schema');
      merge.diagnostics.push(warning('KEY_UNKNOWN', { ...place, hint }, { key: member.key, known }));
      continue;
    }
    if (key !== member.key) {
      merge.diagnostics.push(warning('KEY_CASE', { ...place, hint: key }, { key: member.key, meant: key }));
    }
    const kind = kinds[key] ?? 'scalar';
    const earlier = seen.get(key);
    if (earlier) {
      merge.diagnostics.push(warning('KEY_DUPLICATE', place, { key: member.key }));
      merge.replaced.push({ path: [...path, key], node: earlier, value: aloneValue(earlier, kind) });
    }
    seen.set(key, member.node);
    const stored = store(merge, result.get(key), member, kind, [...path, key]);
    if (stored !== undefined) result.set(key, stored);
  }
  return Object.fromEntries(result);
}

/** Gives a value as it would be without the others of its key; its findings are told with them. */
function aloneValue(node: SourceNode, kind: KeyKind): unknown {
  if (typeof kind !== 'object' || !isObject(node.value)) return node.value;
  return mergeObject({ file: '', diagnostics: [], replaced: [], elements: new Map() }, {}, node, kind, []);
}

function store(
  merge: Merge,
  existing: unknown,
  member: SourceMember,
  kind: KeyKind,
  path: readonly PathSegment[],
): unknown {
  const { value } = member.node;
  if (kind === 'scalar') return value;
  if (kind === 'text') return value === null ? existing : value;
  if (kind === 'list') {
    return storeList(merge, value, pointerOf(path));
  }
  if (!isObject(value)) return value === null && kind !== 'map' ? existing : value;
  if (kind === 'map') return mergeMap(merge, isObject(existing) ? existing : {}, member.node, path);
  return mergeObject(merge, isObject(existing) ? existing : {}, member.node, kind, path);
}

/**
 * Go decodes a list into the elements that are there already, and null leaves a text as it was: also one that a shorter
 * list has hidden meanwhile. An empty list and null start anew.
 */
function storeList(merge: Merge, value: unknown, pointer: string): unknown {
  if (!Array.isArray(value) || value.length === 0) {
    merge.elements.delete(pointer);
    return value;
  }
  const before = merge.elements.get(pointer) ?? [];
  const stored = value.map((element: unknown, index) => (element === null ? (before[index] ?? null) : element));
  merge.elements.set(pointer, [...stored, ...before.slice(stored.length)]);
  return stored;
}

function mergeMap(
  merge: Merge,
  existing: Readonly<Record<string, unknown>>,
  node: SourceNode,
  path: readonly PathSegment[],
): Record<string, unknown> {
  const result = new Map(Object.entries(existing));
  const seen = new Map<string, SourceNode>();
  for (const { key, keyPosition, node: value } of node.members()) {
    const earlier = seen.get(key);
    if (earlier) {
      const pointer = pointerOf([...path, key]);
      merge.diagnostics.push(warning('KEY_DUPLICATE', { path: merge.file, at: keyPosition(), pointer }, { key }));
      merge.replaced.push({ path: [...path, key], node: earlier, value: earlier.value });
    }
    seen.set(key, value);
    result.set(key, value.value);
  }
  return Object.fromEntries(result);
}

function knownKey(key: string, kinds: KeyKinds): string | undefined {
  if (Object.hasOwn(kinds, key)) return key;
  const folded = foldKey(key);
  return Object.keys(kinds).find((known) => foldKey(known) === folded);
}
