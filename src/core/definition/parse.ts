import { validateHook010 } from '../../generated/validate-hook-0-1-0.ts';
import { validateHook100 } from '../../generated/validate-hook-1-0-0.ts';
import { type Diagnostic, error, hasErrors, type Parsed } from '../diagnostic/diagnostic.ts';
import { foldKey, type Locate, locateIn, pointerOf, type SourceDocument, type SourceNode } from './document.ts';
import type { DefinitionVersion, HookDefinition } from './hook-definition.ts';
import { jsonRoot, readJson } from './json.ts';
import { canonicalKeys, isObject } from './keys.ts';
import { type PlainDefinition, readPlainDefinition } from './plain.ts';
import { checkShape, typeName } from './shape.ts';
import { KEYS_0_1_0, locateByWrittenName, read0_1_0 } from './v0_1_0.ts';
import { KEYS_1_0_0, read1_0_0 } from './v1_0_0.ts';
import { validateDefinition } from './validate.ts';

/** Reads a text that is not JSON: the YAML reader, which only those load who have YAML definitions. */
export type ReadDocument = (path: string, text: string) => Parsed<SourceDocument>;

/** A definition's text, and the file it comes from; the file's ending tells JSON from YAML. */
export interface DefinitionSource {
  readonly path: string;
  readonly text: string;
}

/** What reading a definition may need from its caller. */
export interface ReadDefinitionOptions {
  /** Stages besides the runtime-spec's; none by default. */
  readonly extensionStages?: readonly string[];
  readonly readYaml?: ReadDocument;
}

/**
 * A definition and the way from its values to their places in the file. One that is not valid is as much of it as could
 * be read, so that the rest of its mistakes can be told too; nobody may use it otherwise.
 */
export interface LocatedDefinition {
  readonly definition: HookDefinition;
  readonly locate: Locate;
  readonly isValid: boolean;
}

/** Tells whether a file of this name holds YAML rather than JSON. */
export function isYamlPath(path: string): boolean {
  return path.endsWith('.yaml') || path.endsWith('.yml');
}

/**
 * Reads one definition of format 1.0.0 or 0.1.0 and says all that is wrong with it, but for its patterns and its program.
 * There is no value when the text cannot be read at all, and one that is not valid when it has any error.
 */
export function readDefinition(
  source: DefinitionSource,
  options: ReadDefinitionOptions = {},
): Parsed<LocatedDefinition> {
  const { path, text } = source;
  const plain = isYamlPath(path) ? undefined : readPlainDefinition(text, options.extensionStages ?? []);
  return plain ? { value: locatedPlain(source, plain), diagnostics: [] } : readFully(source, options);
}

/** Does what `readDefinition` does for a definition of any kind. */
export function readFully(source: DefinitionSource, options: ReadDefinitionOptions): Parsed<LocatedDefinition> {
  const { path, text } = source;
  const read = isYamlPath(path) && options.readYaml ? options.readYaml : readJson;
  const document = read(path, text);
  if (!document.value) return { diagnostics: document.diagnostics };
  const version = readVersion(path, document.value);
  if (!version.value) return { diagnostics: [...document.diagnostics, ...version.diagnostics] };
  const content = readContent(path, document.value, version.value, options.extensionStages ?? []);
  if (document.diagnostics.length === 0) return content;
  return { ...content, diagnostics: [...document.diagnostics, ...content.diagnostics] };
}

function locatedPlain({ path, text }: DefinitionSource, plain: PlainDefinition): LocatedDefinition {
  const { hook, when, stages } = plain;
  return {
    definition: { name: nameOf(path), path, version: '1.0.0', hook, when, stages },
    locate: locateIn(() => jsonRoot(text, plain.value)),
    isValid: true,
  };
}

/** A definition goes by the last part of its path. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function readContent(
  path: string,
  document: SourceDocument,
  version: DefinitionVersion,
  extensionStages: readonly string[],
): Parsed<LocatedDefinition> {
  const misread = version === '0.1.0' ? currentShapeWithoutVersion(path, document) : undefined;
  // Read as what was meant, so that the rest of the mistakes can be told too; the missing version keeps it from use.
  const isCurrent = version === '1.0.0' || misread !== undefined;
  const canonical = canonicalKeys(path, document, isCurrent ? KEYS_1_0_0 : KEYS_0_1_0);
  const subject = { ...canonical, value: subjectOf(canonical.value, misread !== undefined) };
  const locate = locateIn(document.root);

  const shape = checkShape(path, subject, isCurrent ? validateHook100 : validateHook010, locate);
  const timeouts = isCurrent ? checkTimeouts(path, document, subject.value) : [];
  const timeoutLiteral = () => timeoutNodes(document.root()).at(-1)?.literal() ?? '';
  const parts = isCurrent ? read1_0_0(subject.value, timeoutLiteral) : read0_1_0(subject.value);
  const definition: HookDefinition = { name: nameOf(path), path, version: isCurrent ? '1.0.0' : '0.1.0', ...parts };
  const locateValue = isCurrent ? locate : locateByWrittenName(locate, subject.value);
  const content = validateDefinition(definition, locateValue, extensionStages);
  const errors = [...(misread ? [misread] : []), ...shape, ...timeouts];
  const diagnostics = [...canonical.diagnostics, ...errors, ...findingsBeside(errors, content)];
  return { value: { definition, locate: locateValue, isValid: !hasErrors(diagnostics) }, diagnostics };
}

/** The document `null` acts as an empty object in the reference. */
function subjectOf(value: unknown, isVersionMissing: boolean): unknown {
  if (value === null) return {};
  return isVersionMissing && isObject(value) ? { ...value, version: '1.0.0' } : value;
}

/**
 * Leaves out what only follows from an error of the shape: what could not be read was taken as absent, so warnings about
 * absence would be wrong, and so would errors about a value of the wrong type.
 */
function findingsBeside(errors: readonly Diagnostic[], content: readonly Diagnostic[]): readonly Diagnostic[] {
  if (errors.length === 0) return content;
  const told = new Set(errors.map(({ pointer }) => pointer));
  return content.filter(({ severity, pointer }) => severity === 'error' && !told.has(pointer));
}

const CURRENT: Parsed<DefinitionVersion> = { value: '1.0.0', diagnostics: [] };

/** The first pass of the reference: only `version` is looked at, and it chooses the reader. */
function readVersion(path: string, document: SourceDocument): Parsed<DefinitionVersion> {
  const { root, value } = document;
  if (value === null) return { value: '0.1.0', diagnostics: [] };
  if (!isObject(value)) {
    const mismatch = { expected: 'an object', found: typeName(value) };
    return { diagnostics: [error('TYPE_MISMATCH', { path, at: root().position(), pointer: '' }, mismatch)] };
  }
  const spellings = Object.keys(value).filter((key) => key.length === 7 && foldKey(key) === 'version');
  const isPlain = !document.hasRepeatedKeys && spellings.length <= 1;
  if (isPlain && value['version'] === '1.0.0') return CURRENT;
  const locate = locateIn(root);
  const canonical = isPlain
    ? { value: { version: value[spellings[0] ?? 'version'] }, replaced: [] }
    : canonicalKeys(path, document, { version: 'text' });
  const place = () => ({ path, at: locate(['version']), pointer: pointerOf(['version']) });
  const wrongTypes = canonical.replaced
    .map(({ node }) => node)
    .filter((node) => typeof node.value !== 'string' && node.value !== null)
    .map((node) => versionMismatch({ ...place(), at: node.position() }, node.value));
  if (wrongTypes.length > 0) return { diagnostics: wrongTypes };
  const version = isObject(canonical.value) ? canonical.value['version'] : undefined;
  switch (version) {
    case undefined:
    case null:
    case '':
    case '0.1.0':
      return { value: '0.1.0', diagnostics: [] };
    case '1.0.0':
      return { value: '1.0.0', diagnostics: [] };
    default:
      if (typeof version !== 'string') return { diagnostics: [versionMismatch(place(), version)] };
      return { diagnostics: [error('VERSION_UNKNOWN', { ...place(), hint: '1.0.0' }, { version })] };
  }
}

function versionMismatch(place: Parameters<typeof error>[1], found: unknown): Diagnostic {
  return error('TYPE_MISMATCH', { ...place, hint: '"1.0.0"' }, { expected: 'a string', found: typeName(found) });
}

/** Tells of a hook written as an object in a definition without a version; only format 1.0.0 has such hooks. */
function currentShapeWithoutVersion(path: string, document: SourceDocument): Diagnostic | undefined {
  const members = document.root().members();
  const of = (name: string) => members.filter(({ key }) => foldKey(key) === name).map(({ node }) => node.value);
  if (of('version').includes('0.1.0') || !of('hook').some(isObject)) return undefined;
  const place = { path, at: document.root().position(), pointer: '', hint: '"version": "1.0.0"' };
  return error('VERSION_MISSING', place, {});
}

/** The timeouts written in the hook, in order; more than one only where keys are repeated. */
function timeoutNodes(root: SourceNode): SourceNode[] {
  const inner = (node: SourceNode, name: string) =>
    node
      .members()
      .filter(({ key }) => foldKey(key) === name)
      .map((member) => member.node);
  return inner(root, 'hook').flatMap((hook) => inner(hook, 'timeout'));
}

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Go takes plain digits only: 1.0 and 1e2 are no integers to it. A fraction is a matter of the shape. */
function checkTimeouts(path: string, document: SourceDocument, value: unknown): Diagnostic[] {
  const hook = isObject(value) && isObject(value['hook']) ? value['hook'] : {};
  if (hook['timeout'] === undefined && !document.hasRepeatedKeys) return [];
  return timeoutNodes(document.root())
    .filter((node) => Number.isInteger(node.value) && !isInt64(node.literal()))
    .map((node) => {
      const place = { path, at: node.position(), pointer: pointerOf(['hook', 'timeout']) };
      return error('INTEGER_OUT_OF_RANGE', place, { literal: node.literal().slice(0, 40) });
    });
}

function isInt64(literal: string): boolean {
  if (/^0[xo][0-9a-fA-F]{1,13}$/.test(literal)) return true;
  if (!/^[-+]?\d{1,20}$/.test(literal)) return false;
  const value = BigInt(literal.replace('+', ''));
  return value >= INT64_MIN && value <= INT64_MAX;
}
