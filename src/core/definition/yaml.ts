import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  parseDocument,
  stringify,
  visit,
  type YAMLError,
} from 'yaml';
import { type Diagnostic, error, hasErrors, type Parsed, warning } from '../diagnostic/diagnostic.ts';
import { type Position, positionAt, positionsIn } from '../diagnostic/position.ts';
import { quote } from '../diagnostic/quote.ts';
import { once, type SourceDocument, type SourceNode } from './document.ts';
import { hasIndicatorRun, isYamlNestedTooDeep, YAML_NESTING_LIMIT } from './yaml-nesting.ts';

// An alias is resolved each time it stands, so a small text could ask for very much ("billion laughs").
const ALIAS_LIMIT = 100;

/** Reads a text as one YAML 1.2 document with the core schema. A key that stands twice is an error there. */
export function readYaml(path: string, text: string): Parsed<SourceDocument> {
  try {
    if (hasIndicatorRun(text) || isYamlNestedTooDeep(new Lexer().lex(text))) {
      return {
        diagnostics: [error('NESTING_TOO_DEEP', { path, at: positionAt(text, 0) }, { limit: YAML_NESTING_LIMIT })],
      };
    }
    // The library looks for keys that stand twice by comparing each with each; a hostile map would take minutes.
    const document = parseDocument(text, { version: '1.2', schema: 'core', prettyErrors: false, uniqueKeys: false });
    const at = positionsIn(text);
    const diagnostics = [
      ...document.errors.map((problem) => yamlDiagnostic(path, at, problem)),
      ...document.warnings.map((problem) => yamlDiagnostic(path, at, problem)),
      ...findRepeatedKeys(document).map(({ key, offset }) => {
        const reason = `the key ${quote(key)} stands twice in one map`;
        return error('YAML_SYNTAX', { path, at: at(offset) }, { reason });
      }),
    ];
    if (hasErrors(diagnostics)) return { diagnostics };
    const value: unknown = document.toJS({ maxAliasCount: ALIAS_LIMIT });
    return {
      value: {
        value,
        root: once(() => yamlNode({ document, text, at }, document.contents, value, 0)),
        hasRepeatedKeys: false,
      },
      diagnostics,
    };
  } catch (problem) {
    // `yaml` refuses alias bombs by throwing; they are a fault of the text.
    return { diagnostics: [error('YAML_SYNTAX', { path, at: positionAt(text, 0) }, { reason: messageOf(problem) })] };
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

interface RepeatedKey {
  readonly key: string;
  readonly offset: number;
}

/** Finds each scalar key that stands in its map before, as the value it will have as a key of an object. */
function findRepeatedKeys(document: Document): RepeatedKey[] {
  const repeated: RepeatedKey[] = [];
  visit(document, {
    Map: (_, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = keyName(key);
        if (seen.has(name)) repeated.push({ key: name, offset: rangeOf(key)?.[0] ?? rangeOf(map)?.[0] ?? 0 });
        seen.add(name);
      }
    },
  });
  return repeated;
}

/** Gives a key as the library names it in an object: null is the empty text. */
function keyName(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : String(key ?? '');
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

function yamlDiagnostic(path: string, at: (offset: number) => Position, problem: YAMLError): Diagnostic {
  const report = problem.name === 'YAMLWarning' ? warning : error;
  return report('YAML_SYNTAX', { path, at: at(problem.pos[0]) }, { reason: problem.message });
}

interface YamlText {
  readonly document: Document;
  readonly text: string;
  readonly at: (offset: number) => Position;
}

function yamlNode(source: YamlText, node: unknown, value: unknown, fallback: number): SourceNode {
  const { document, text, at } = source;
  const resolved = isAlias(node) ? node.resolve(document) : node;
  const range = rangeOf(node) ?? [fallback, fallback];
  return {
    value,
    literal: () => (isScalar(resolved) ? (resolved.source ?? '') : text.slice(...range)),
    position: () => at(range[0]),
    members: once(() => {
      if (!isMap(resolved)) return [];
      return resolved.items.map((pair) => {
        const key = keyName(pair.key);
        const keyStart = rangeOf(pair.key)?.[0] ?? range[0];
        const inner = toJs(document, pair.value);
        return {
          key,
          keyPosition: () => at(keyStart),
          node: yamlNode(source, pair.value, inner, keyStart),
        };
      });
    }),
    elements: once(() => {
      if (!isSeq(resolved)) return [];
      return resolved.items.map((item) => yamlNode(source, item, toJs(document, item), range[0]));
    }),
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
