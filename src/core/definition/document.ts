import type { Position } from '../diagnostic/position.ts';

/** A key of an object or an index of an array, on the way from the root to a value. */
export type PathSegment = string | number;

/** Whether a place means a member's key or its value. */
export type Part = 'key' | 'value';

/**
 * A value in a definition's text, with the way back to its place. Members and elements are found when asked for, so a
 * definition without findings never pays for them.
 */
export interface SourceNode {
  readonly value: unknown;
  /** The text as written: tells 1.0 from 1. */
  readonly literal: () => string;
  readonly position: () => Position;
  /** The members of an object in the order written, repeated keys included; none for other values. */
  readonly members: () => readonly SourceMember[];
  /** The elements of an array; none for other values. */
  readonly elements: () => readonly SourceNode[];
}

/** One member of an object in a definition's text. */
export interface SourceMember {
  readonly key: string;
  readonly keyPosition: () => Position;
  readonly node: SourceNode;
}

/** A definition's text, read as JSON or YAML. */
export interface SourceDocument {
  readonly value: unknown;
  /** The way back to the places in the text; a definition without findings never asks for it. */
  readonly root: () => SourceNode;
  /** Whether an object anywhere in the text gives a key twice; in a YAML text that is an error already. */
  readonly hasRepeatedKeys: boolean;
}

/** Finds the place of a value (or its key) by its path; a missing value gives the nearest one around it. */
export type Locate = (path: readonly PathSegment[], part?: Part) => Position;

/**
 * Gives the form in which encoding/json compares keys: simple case folding, with the long s and the Kelvin sign as s, k.
 * Source: Go 1.23, encoding/json/fold.go.
 */
export function foldKey(key: string): string {
  return key.replaceAll('ſ', 's').toLowerCase();
}

/** Gives a function that works its value out at the first call and keeps it. */
export function once<T>(work: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: work() };
    return result.value;
  };
}

/** Gives the `Locate` of a document; a key that is written twice gives its last place. */
export function locateIn(rootNode: () => SourceNode): Locate {
  let locate: Locate | undefined;
  return (path, part) => {
    locate ??= createLocate(rootNode());
    return locate(path, part);
  };
}

function createLocate(root: SourceNode): Locate {
  // A hostile file has as many findings as members, so none may cost a walk over all of them.
  const indexes = new Map<SourceNode, MemberIndex>();
  const findMember = (node: SourceNode, key: string): SourceMember | undefined => {
    const index = indexes.get(node) ?? indexMembers(node);
    indexes.set(node, index);
    return index.exact.get(key) ?? index.folded.get(foldKey(key));
  };
  return (path, part = 'value') => {
    let node = root;
    let position = root.position;
    for (const [depth, segment] of path.entries()) {
      if (typeof segment === 'number') {
        const element = node.elements()[segment];
        if (!element) break;
        node = element;
        position = element.position;
        continue;
      }
      const member = findMember(node, segment);
      if (!member) break;
      node = member.node;
      position = part === 'key' && depth === path.length - 1 ? member.keyPosition : member.node.position;
    }
    return position();
  };
}

interface MemberIndex {
  readonly exact: ReadonlyMap<string, SourceMember>;
  readonly folded: ReadonlyMap<string, SourceMember>;
}

/** Of members with one key the last counts. */
function indexMembers(node: SourceNode): MemberIndex {
  const members = node.members();
  return {
    exact: new Map(members.map((member) => [member.key, member])),
    folded: new Map(members.map((member) => [foldKey(member.key), member])),
  };
}

/** Gives the JSON Pointer (RFC 6901) of a path; the root's is the empty text. */
export function pointerOf(path: readonly PathSegment[]): string {
  return path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
