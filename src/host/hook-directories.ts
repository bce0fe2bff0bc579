import { nameBytesIn, namesIn } from '#file-calls';
import {
  buildCatalog,
  type Catalog,
  type CatalogOptions,
  type DefinitionFile,
  readFiles,
} from '../core/catalog/catalog.ts';
import type { FindHookProgram, HookProgram } from '../core/catalog/hook-path.ts';
import { isYamlPath, type ReadDocument } from '../core/definition/parse.ts';
import { type Diagnostic, error, warning } from '../core/diagnostic/diagnostic.ts';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import type { RegexEngine } from '../core/when/pattern.ts';
import { ENOENT, errnoName } from './errno.ts';
import { type FileContent, readBoundedFile } from './file.ts';
import { findHookProgram } from './hook-program.ts';
import { childOf } from './path.ts';
import { createTrustCheck, type Trust, type TrustCheck } from './trust.ts';
import { decodeUtf8, decodeUtf8AsGo } from './utf8.ts';

/** Where hook definitions lie when nobody says otherwise, least preferred first. Source: oci-hooks(5). */
export const DEFAULT_HOOK_DIRECTORIES: readonly string[] = [
  '/usr/share/containers/oci/hooks.d',
  '/etc/containers/oci/hooks.d',
];

/** The most bytes a JSON definition may have. */
export const JSON_DEFINITION_LIMIT: number = 1024 * 1024;

/** The most bytes a YAML definition may have: its reader is slower. */
export const YAML_DEFINITION_LIMIT: number = 256 * 1024;

/** How a catalog is loaded. */
export interface LoadCatalogOptions {
  /** Stages besides the runtime-spec's that the engine knows, such as Podman's precreate; none by default. */
  readonly extensionStages?: readonly string[];
  /** What to do about files that others could change; `warn` by default. */
  readonly trust?: Trust;
  /** See {@link TrustOptions}: for a pod, whose ConfigMaps have the mode 0777. */
  readonly trustReadOnlyMounts?: boolean;
  /** Whether a directory that does not exist is a finding: it is one of those that somebody named. */
  readonly tellMissingDirectories?: boolean;
  /** Looks for a hook's program; by default on this machine, as this process sees it. */
  readonly findHookProgram?: FindHookProgram;
}

/**
 * Loads the definitions of hooks directories, least preferred first: a file in a later directory replaces one of the same
 * name in an earlier one. Directories that do not exist are passed over. Bad input is no exception: the promise
 * resolves, and `diagnostics` of the catalog holds everything found.
 */
export function loadCatalog(directories: readonly string[], options: LoadCatalogOptions = {}): Promise<Catalog> {
  return loadCatalogAbove([], directories, options);
}

/** Loads a catalog as `loadCatalog` does, with definitions that are at hand as the least preferred directory. */
export async function loadCatalogAbove(
  atHand: readonly DefinitionFile[],
  directories: readonly string[],
  options: LoadCatalogOptions = {},
): Promise<Catalog> {
  const found = directories.map((directory) => listDefinitions(directory, options.tellMissingDirectories));
  const [paths, before] = [found.flatMap((listing) => listing.paths), found.flatMap((listing) => listing.diagnostics)];
  return catalogOf(paths, options, { files: atHand, diagnostics: before });
}

/** Loads single definition files as if they lay in one directory, the least preferred first. */
export async function loadDefinitionFiles(
  paths: readonly string[],
  options: LoadCatalogOptions = {},
): Promise<Catalog> {
  return catalogOf(paths, options, { files: [], diagnostics: [] });
}

interface FilesRead {
  readonly files: readonly DefinitionFile[];
  readonly diagnostics: readonly Diagnostic[];
}

async function catalogOf(
  paths: readonly (string | Uint8Array)[],
  options: LoadCatalogOptions,
  before: FilesRead,
): Promise<Catalog> {
  const check = createTrustCheck(options.trust ?? 'warn', options);
  const files = [...before.files];
  const diagnostics = [...before.diagnostics];
  for (const path of paths) {
    const read = readDefinitionFile(path, check);
    if (read.file) files.push(read.file);
    if (read.diagnostics.length > 0) diagnostics.push(...read.diagnostics);
  }
  const catalogOptions: CatalogOptions = {
    extensionStages: options.extensionStages ?? [],
    findHookProgram: rememberHookPrograms(options.findHookProgram ?? findHookProgram),
    ...(files.some(({ path }) => isYamlPath(path)) && { readYaml: await loadYamlReader() }),
  };
  const read = readFiles(files, catalogOptions);
  const engine = read.needsRegexEngine ? await loadRegexEngine() : withoutEngine;
  const all = { ...read, paths: paths.map(pathText), diagnostics: [...diagnostics, ...read.diagnostics] };
  return buildCatalog(all, engine, catalogOptions);
}

/** Looks for each program once: many definitions name the same. */
function rememberHookPrograms(find: FindHookProgram): FindHookProgram {
  const known = new Map<string, HookProgram>();
  return (path) => {
    const program = known.get(path) ?? find(path);
    known.set(path, program);
    return program;
  };
}

/** Gives the reader of YAML definitions, which nobody loads who has none. */
export async function loadYamlReader(): Promise<ReadDocument> {
  const { readYaml } = await import('../core/definition/yaml.ts');
  return readYaml;
}

/** Gives the regex engine, which nobody loads whose patterns are all literal. */
export async function loadRegexEngine(): Promise<RegexEngine> {
  const { re2Engine } = await import('../core/when/re2.ts');
  return re2Engine;
}

const withoutEngine: RegexEngine = (source) => {
  throw new TypeError(`no regex engine was loaded for the pattern ${source}`);
};

interface Listing {
  readonly paths: readonly (string | Uint8Array)[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Lists a directory's definition files in byte order of their names; a directory that does not exist is empty. */
export function listDefinitions(directory: string, tellMissing = false): Listing {
  if (directory === '') return { paths: [], diagnostics: [] };
  const listed = namesIn(directory);
  if (listed === -ENOENT) {
    return { paths: [], diagnostics: tellMissing ? [warning('DIRECTORY_MISSING', { path: directory }, {})] : [] };
  }
  if (typeof listed === 'number') return unlisted(directory, listed);
  const names = listed.filter(isDefinitionName).sort();
  // A name that is no UTF-8 reads as U+FFFD, under which the file cannot be opened.
  if (names.some((name) => name.includes('\ufffd'))) return listBytes(directory);
  return { paths: names.map((name) => childOf(directory, name)), diagnostics: [] };
}

function unlisted(directory: string, result: number): Listing {
  const args = { reason: errnoName(result) };
  return { paths: [], diagnostics: [error('DIRECTORY_UNREADABLE', { path: directory }, args)] };
}

/** Tells whether a file of this name is a definition: letter case counts, as in the reference. */
export function isDefinitionName(name: string): boolean {
  return name.endsWith('.json') || isYamlPath(name);
}

/** Gives a path for messages; bytes that are no UTF-8 show as U+FFFD. */
function pathText(path: string | Uint8Array): string {
  return typeof path === 'string' ? path : Buffer.from(path).toString();
}

function listBytes(directory: string): Listing {
  const listed = nameBytesIn(directory);
  if (typeof listed === 'number') return unlisted(directory, listed);
  const paths = listed
    .map((name) => Buffer.from(name))
    .filter((name) => isDefinitionName(name.toString()))
    .sort(Buffer.compare)
    .map((name) => Buffer.concat([Buffer.from(childOf(directory, '')), name]));
  return { paths, diagnostics: [] };
}

/** A definition file's text, when it could be read. */
export interface DefinitionRead {
  readonly file?: DefinitionFile;
  readonly diagnostics: readonly Diagnostic[];
}

/** Every definition's bytes lie here until they are decoded. */
const shared: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Reads one definition file. A file that is gone, or a link to nothing, is passed over without a word. */
export function readDefinitionFile(source: string | Uint8Array, check: TrustCheck): DefinitionRead {
  const path = pathText(source);
  const limit = isYamlPath(path) ? YAML_DEFINITION_LIMIT : JSON_DEFINITION_LIMIT;
  const content = readBoundedFile(source, limit, shared);
  if (content.kind !== 'content') return { diagnostics: unreadable(path, content, limit) };
  const unsafe = check(path, content);
  const decoded = decodeUtf8(content.bytes);
  if ('text' in decoded) return { file: { path, text: decoded.text }, diagnostics: unsafe };
  return {
    file: { path, text: decodeUtf8AsGo(content.bytes) },
    diagnostics: [warning('FILE_INVALID_UTF8', { path, at: decoded.at }, { byteOffset: decoded.invalidAt }), ...unsafe],
  };
}

function unreadable(path: string, content: Exclude<FileContent, { kind: 'content' }>, limit: number): Diagnostic[] {
  switch (content.kind) {
    case 'too-large':
      return [error('FILE_TOO_LARGE', { path }, { bytes: content.bytes, limit })];
    case 'not-regular':
      return [error('FILE_NOT_REGULAR', { path }, { kind: content.what })];
    case 'failed': {
      const reason = errnoOf(content.error);
      if (reason === 'ENOENT') return [];
      return [error('FILE_UNREADABLE', { path }, { reason: reason ?? String(content.error) })];
    }
    default:
      return content satisfies never;
  }
}
