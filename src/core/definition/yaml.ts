import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, stringify, type YAMLError } from 'yaml';
import { type Diagnostic, error, type Parsed, warning } from '../diagnostic/diagnostic.ts';
import { positionAt } from '../diagnostic/position.ts';
import type { SourceDocument, SourceNode } from './document.ts';

// An alias is resolved each time it stands, so a small text could ask for very much ("billion laughs").
const ALIAS_LIMIT = 100;

/** Reads a text as one YAML 1.2 document with the core schema. A key that stands twice is an error there. */
export function readYaml(path: string, text: string): Parsed<SourceDocument> {
  try {
    const document = parseDocument(text, { version: '1.2', schema: 'core', prettyErrors: false });
    const diagnostics = [
      ...document.errors.map((problem) => yamlDiagnostic(path, text, problem)),
      ...document.warnings.map((problem) => yamlDiagnostic(path, text, problem)),
    ];
    if (document.errors.length > 0) return { diagnostics };
    const value: unknown = document.toJS({ maxAliasCount: ALIAS_LIMIT });
    return {
      value: { root: yamlNode(document, text, document.contents, value, 0), hasRepeatedKeys: false },
      diagnostics,
    };
  } catch (problem) {
    // `yaml` recurses into nested values and refuses alias bombs by throwing; both are faults of the text.
    const reason = problem instanceof RangeError ? 'values are nested too deep' : messageOf(problem);
    return { diagnostics: [error('YAML_SYNTAX', { path, at: positionAt(text, 0) }, { reason })] };
  }
}

/** Gives a value of plain objects, lists, texts, numbers and bigints as a YAML 1.2 document that reads as the same value. */
export function writeYaml(value: unknown): string {
  // The version 1.1 would read more words as booleans and numbers; texts that look like one there are quoted too.
  return stringify(value, {
    version: '1.2',
    schema: 'core',
    compat: 'yaml-1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

function yamlDiagnostic(path: string, text: string, problem: YAMLError): Diagnostic {
  const report = problem.name === 'YAMLWarning' ? warning : error;
  return report('YAML_SYNTAX', { path, at: positionAt(text, problem.pos[0]) }, { reason: problem.message });
}

function yamlNode(document: Document, text: string, node: unknown, value: unknown, fallback: number): SourceNode {
  const resolved = isAlias(node) ? node.resolve(document) : node;
  const range = rangeOf(node) ?? [fallback, fallback];
  return {
    value,
    literal: () => (isScalar(resolved) ? (resolved.source ?? '') : text.slice(...range)),
    position: () => positionAt(text, range[0]),
    members: () => {
      if (!isMap(resolved)) return [];
      return resolved.items.map((pair) => {
        const key = isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
        const keyStart = rangeOf(pair.key)?.[0] ?? range[0];
        const inner = toJs(document, pair.value);
        return {
          key,
          keyPosition: () => positionAt(text, keyStart),
          node: yamlNode(document, text, pair.value, inner, keyStart),
        };
      });
    },
    elements: () => {
      if (!isSeq(resolved)) return [];
      return resolved.items.map((item) => yamlNode(document, text, item, toJs(document, item), range[0]));
    },
  };
}

function toJs(document: Document, node: unknown): unknown {
  const resolved = isAlias(node) ? node.resolve(document) : node;
  if (isScalar(resolved)) return resolved.value;
  if (isMap(resolved) || isSeq(resolved)) return resolved.toJS(document, { maxAliasCount: ALIAS_LIMIT });
  return null;
}

function rangeOf(node: unknown): readonly [number, number] | undefined {
  if (!(isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) || !node.range) return undefined;
  return [node.range[0], node.range[1]];
}
