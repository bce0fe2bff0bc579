import { isAbsolute } from 'node:path';
import { isObject } from '../core/definition/keys.ts';
import { error, hasErrors, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { nearest } from '../core/diagnostic/nearest.ts';
import type { BindMountRule } from '../core/when/container.ts';
import { validateRuntime } from '../generated/validate-runtime.ts';
import { DEFAULT_HOOK_DIRECTORIES } from '../host/hook-directories.ts';
import { parseSettingsText, readSettingsFile, type SettingsForm, type SettingsSource } from '../host/settings-file.ts';
import type { Trust } from '../host/trust.ts';

/** Where the settings lie when `OCI_HOOKS_CONFIG` does not say otherwise. */
export const SETTINGS_PATH = '/etc/oci-hooks/runtime.yaml';

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
export type SettingsDocument = GivenSettings & {
  readonly version?: 1;
  readonly profiles?: Readonly<Record<string, GivenSettings>>;
};

const FORM: SettingsForm = {
  door: 'runtime',
  validate: validateRuntime,
  keys: ['version', ...Object.keys(DEFAULT_SETTINGS), 'profiles'],
  explain: ({ keyword }, key) => {
    if (keyword === 'propertyNames') return `${key} is no name for a profile: letters, digits, "_", "." and "-" only`;
    return keyword === 'anyOf' ? 'a runtime is an absolute path or a bare name, or a list of them' : undefined;
  },
};

/** Gives the settings file: the one `OCI_HOOKS_CONFIG` names, which must be there, or the usual one, which need not. */
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
  const { version: _theOnlyOne, profiles = {}, ...base } = read.value;
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
  return asSettings(await parseSettingsText(path, text, FORM));
}

/**
 * Reads a settings file; gives undefined when there is none and none is required. What is wrong with it is in the
 * diagnostics, and is an error where `trust` is `refuse`.
 */
export async function readSettings(
  source: SettingsSource,
  trust: Trust = 'refuse',
): Promise<Parsed<SettingsDocument> | undefined> {
  const read = await readSettingsFile(source, FORM, trust);
  return read && asSettings(read);
}

/** What the validator found no fault with has the shape; the rest is looked at by `namedRuntimes` only, with care. */
function asSettings({ value, diagnostics }: Parsed<object>): Parsed<SettingsDocument> {
  return value === undefined ? { diagnostics } : { value: value as SettingsDocument, diagnostics };
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
