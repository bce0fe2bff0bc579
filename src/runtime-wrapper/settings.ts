import { isAbsolute } from 'node:path';
import { locateIn, type PathSegment, type SourceDocument } from '../core/definition/document.ts';
import { readJson } from '../core/definition/json.ts';
import { isObject } from '../core/definition/keys.ts';
import type { ShapeError } from '../core/definition/shape-validator.ts';
import { type Diagnostic, error, hasErrors, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { nearest } from '../core/diagnostic/nearest.ts';
import { quote } from '../core/diagnostic/quote.ts';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import type { BindMountRule } from '../core/when/container.ts';
import { validateRuntime } from '../generated/validate-runtime.ts';
import { readBoundedFile } from '../host/file.ts';
import { DEFAULT_HOOK_DIRECTORIES } from '../host/hook-directories.ts';
import { createTrustCheck, type Trust } from '../host/trust.ts';
import { decodeUtf8 } from '../host/utf8.ts';
import { reasonOf } from '../host/write-file.ts';

/** Where the settings lie when `OCI_HOOKS_CONFIG` does not say otherwise. */
export const SETTINGS_PATH = '/etc/oci-hooks/runtime.yaml';

/** As for every YAML text. */
const SETTINGS_LIMIT = 256 * 1024;

/** How the wrapper works. Its shape in a file is schemas/runtime.json. */
export interface RuntimeSettings {
  /** Absolute paths or names; the first that exists is the real runtime. */
  readonly runtime: readonly string[];
  /** Least preferred first. */
  readonly hooksDirs: readonly string[];
  /** Whether the shipped definitions are the least preferred directory. */
  readonly builtin: boolean;
  /** What happens to a container when it cannot be decided which hooks it gets. */
  readonly onError: 'fail' | 'skip';
  readonly prestart: 'prestart' | 'createRuntime';
  readonly duplicates: 'skip' | 'keep';
  readonly hasBindMounts: BindMountRule;
  /** Whether injected hooks run under `hooks exec-hook`. */
  readonly recordHooks: boolean;
  readonly log: 'none' | 'file' | 'journald';
  readonly logFile: string;
}

/** What holds where the file is silent, and without one. */
export const DEFAULT_SETTINGS: RuntimeSettings = {
  runtime: ['runc', 'crun'],
  hooksDirs: DEFAULT_HOOK_DIRECTORIES,
  builtin: false,
  onError: 'fail',
  prestart: 'prestart',
  duplicates: 'skip',
  hasBindMounts: 'user',
  recordHooks: false,
  log: 'none',
  logFile: '/var/log/oci-hooks/runtime.log',
};

/** Settings as a file gives them: what is absent keeps its default. */
type GivenSettings = Partial<Omit<RuntimeSettings, 'runtime'>> & { readonly runtime?: string | readonly string[] };

/** The content of a settings file; those of a profile go before the others. */
export type SettingsDocument = GivenSettings & { readonly profiles?: Readonly<Record<string, GivenSettings>> };

/** Which file holds the settings: `OCI_HOOKS_CONFIG`, which must then be there, or the usual one, which need not. */
export interface SettingsSource {
  readonly path: string;
  readonly isRequired: boolean;
}

/** Gives the settings file by the environment. */
export function settingsSource(environment: NodeJS.ProcessEnv): SettingsSource {
  const path = environment['OCI_HOOKS_CONFIG'];
  return path ? { path, isRequired: true } : { path: SETTINGS_PATH, isRequired: false };
}

/**
 * Loads the settings for a profile; the file must belong to root (or the caller) and be writable by nobody else, as must
 * every directory above it.
 *
 * @throws {ConfigError} when the file cannot be trusted, read or understood, or does not know the profile
 */
export async function loadSettings(source: SettingsSource, profile: string | undefined): Promise<RuntimeSettings> {
  if (!isAbsolute(source.path)) {
    const problem = 'OCI_HOOKS_CONFIG must be an absolute path';
    throw new ConfigError([error('SETTING_VALUE', { path: source.path }, { problem })]);
  }
  const read = await readSettings(source);
  if (read === undefined) return DEFAULT_SETTINGS;
  if (!read.value || hasErrors(read.diagnostics)) throw new ConfigError(read.diagnostics);
  const { profiles = {}, ...base } = read.value;
  const own = profile === undefined || !Object.hasOwn(profiles, profile) ? undefined : profiles[profile];
  if (profile !== undefined && own === undefined) {
    const known = Object.keys(profiles);
    const place = { path: source.path, pointer: '/profiles', hint: nearest(profile, known) };
    throw new ConfigError([error('PROFILE_UNKNOWN', place, { profile, known })]);
  }
  return settingsFrom({ ...base, ...own });
}

/**
 * Gives the runtimes that the settings name, as far as they can be read: other mistakes in the file do not count, so that
 * a container made before them can still be stopped and deleted. An untrusted file counts as none.
 */
export async function namedRuntimes(source: SettingsSource, profile: string | undefined): Promise<readonly string[]> {
  // The working directory is a bundle: what lies there is not the administrator's.
  const document = isAbsolute(source.path) ? (await readSettings(source))?.value : undefined;
  if (!isObject(document)) return DEFAULT_SETTINGS.runtime;
  const { profiles } = document;
  const own = profile !== undefined && isObject(profiles) ? profiles[profile] : undefined;
  for (const part of [own, document]) {
    const runtime = isObject(part) ? part['runtime'] : undefined;
    if (runtime !== undefined && validateRuntime({ runtime })) return namesOf(runtime);
  }
  return DEFAULT_SETTINGS.runtime;
}

/** Reads the text of a settings file; the value is there also when it has errors, as far as it can be read. */
export async function parseSettings(path: string, text: string): Promise<Parsed<SettingsDocument>> {
  const { value: document, diagnostics } = await readDocument(path, text);
  if (document === undefined) return { diagnostics };
  // An empty file, or one of comments only, changes nothing.
  const content = document.value ?? {};
  const locate = locateIn(document.root);
  const problems = validateRuntime(content)
    ? []
    : meantErrors(validateRuntime.errors ?? []).map((shapeError) => {
        const segments = segmentsOf(shapeError.instancePath);
        const key = unknownKey(shapeError);
        const at = key === undefined ? locate(segments) : locate([...segments, key], 'key');
        const place = { path, at, pointer: shapeError.instancePath, hint: hintFor(shapeError, content, segments) };
        return error('SETTING_VALUE', place, { problem: problemOf(shapeError) });
      });
  // What the validator found no fault with has the shape; the rest is looked at by `namedRuntimes` only, with care.
  const value = isObject(content) ? { value: content as SettingsDocument } : {};
  return { ...value, diagnostics: [...diagnostics, ...problems] };
}

/**
 * Reads a settings file; gives undefined when there is none and none is required. What is wrong with it is in the
 * diagnostics, and is an error where `trust` is `refuse`.
 */
export async function readSettings(
  { path, isRequired }: SettingsSource,
  trust: Trust = 'refuse',
): Promise<Parsed<SettingsDocument> | undefined> {
  const refuse = (diagnostic: Diagnostic): Parsed<SettingsDocument> => ({ diagnostics: [diagnostic] });
  const content = readBoundedFile(path, SETTINGS_LIMIT);
  switch (content.kind) {
    case 'failed':
      if (errnoOf(content.error) === 'ENOENT' && !isRequired) return undefined;
      return refuse(error('FILE_UNREADABLE', { path }, { reason: reasonOf(content.error) }));
    case 'not-regular':
      return refuse(error('FILE_NOT_REGULAR', { path }, { kind: content.what }));
    case 'too-large':
      return refuse(error('FILE_TOO_LARGE', { path }, { bytes: content.bytes, limit: SETTINGS_LIMIT }));
    case 'content': {
      const untrusted = createTrustCheck(trust)(path, content);
      if (hasErrors(untrusted)) return { diagnostics: untrusted };
      const decoded = decodeUtf8(content.bytes);
      if ('text' in decoded) {
        const parsed = await parseSettings(path, decoded.text);
        return { ...parsed, diagnostics: [...untrusted, ...parsed.diagnostics] };
      }
      return refuse(error('FILE_INVALID_UTF8', { path }, { byteOffset: decoded.invalidAt }));
    }
    default:
      return content satisfies never;
  }
}

/** A text in JSON is YAML too, and is read without the YAML reader, which a container would wait for. */
async function readDocument(path: string, text: string): Promise<Parsed<SourceDocument>> {
  if (/^\s*\{/.test(text)) {
    const json = readJson(path, text);
    // The YAML reader says what is wrong with a text that is neither, and where a key stands twice.
    if (json.value && !json.value.hasRepeatedKeys) return json;
  }
  const { readYaml } = await import('../core/definition/yaml.ts');
  return readYaml(path, text);
}

function settingsFrom({ runtime, ...given }: GivenSettings): RuntimeSettings {
  return {
    ...DEFAULT_SETTINGS,
    ...given,
    runtime: runtime === undefined ? DEFAULT_SETTINGS.runtime : namesOf(runtime),
  };
}

function namesOf(runtime: unknown): readonly string[] {
  return Array.isArray(runtime) ? runtime.map(String) : [String(runtime)];
}

/** The validator's findings, less those that only explain why a branch of `anyOf` or a name did not hold. */
function meantErrors(errors: readonly ShapeError[]): ShapeError[] {
  return errors.filter(({ schemaPath }) => !/\/anyOf\/\d|\/propertyNames\/./.test(schemaPath));
}

function segmentsOf(pointer: string): PathSegment[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function unknownKey({ params }: ShapeError): string | undefined {
  const key = params['additionalProperty'] ?? params['propertyName'];
  return typeof key === 'string' ? key : undefined;
}

function hintFor(shapeError: ShapeError, content: unknown, segments: readonly PathSegment[]): string | undefined {
  if (shapeError.keyword === 'additionalProperties') {
    return nearest(unknownKey(shapeError) ?? '', [...Object.keys(DEFAULT_SETTINGS), 'profiles']);
  }
  const allowed = shapeError.params['allowedValues'];
  if (!Array.isArray(allowed)) return undefined;
  const written = segments.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), content);
  return nearest(String(written), allowed.map(String));
}

function problemOf(shapeError: ShapeError): string {
  const { keyword, params } = shapeError;
  const key = quote(unknownKey(shapeError) ?? '');
  switch (keyword) {
    case 'additionalProperties':
      return `there is no setting ${key}`;
    case 'propertyNames':
      return `${key} is no name for a profile: letters, digits, "_", "." and "-" only`;
    case 'enum':
      return `the value must be one of ${asList(params['allowedValues'])}`;
    case 'anyOf':
      return 'a runtime is an absolute path or a bare name, or a list of them';
    case 'pattern':
      return 'the value must be an absolute path';
    default:
      return `the value must be of the type ${String(params['type'] ?? keyword)}`;
  }
}

function asList(values: unknown): string {
  return Array.isArray(values) ? values.map(String).join(', ') : '';
}
