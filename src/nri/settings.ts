import { join } from 'node:path';
import { hasErrors, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import type { BindMountRule } from '../core/when/container.ts';
import { validateNri } from '../generated/validate-nri.ts';
import { DEFAULT_HOOK_DIRECTORIES } from '../host/hook-directories.ts';
import { SOCKET_PATH_LIMIT } from '../host/private-socket.ts';
import { runDirectory } from '../host/run-directory.ts';
import {
  parseSettingsText,
  readSettingsFile,
  type SettingProblem,
  type SettingsForm,
  type SettingsSource,
} from '../host/settings-file.ts';
import type { Trust, TrustOptions } from '../host/trust.ts';
import { parseMetricsAddress } from './metrics-address.ts';

/** Where the settings lie when `--config` does not say otherwise. */
export const SETTINGS_PATH = '/etc/oci-hooks/nri.yaml';

/** How a pod's annotations count beside its container's: beneath them, above them, or not at all. */
export type PodAnnotations = 'first' | 'last' | 'off';

/** How the plugin works. Its shape in a file is schemas/nri.json. */
export interface NriSettings {
  /** Least preferred first. */
  readonly hooksDirs: readonly string[];
  /** Whether the shipped definitions are the least preferred directory. */
  readonly builtin: boolean;
  readonly extensionStages: readonly string[];
  /** What happens to a container when it cannot be decided which hooks it gets. */
  readonly onError: 'fail' | 'skip';
  /** Where `fail` means `skip`; the plugin's own namespace is added. */
  readonly exempt: { readonly namespaces?: readonly string[] };
  readonly podAnnotations: PodAnnotations;
  readonly hasBindMounts: BindMountRule;
  readonly prestart: 'prestart' | 'createRuntime';
  readonly duplicates: 'skip' | 'keep';
  /** Where the host's root is mounted, in a pod. */
  readonly hostRoot?: string;
  readonly socketPath: string;
  /** Two digits. */
  readonly index: string;
  readonly name: string;
  /** The path of the status socket. */
  readonly status: string;
  /** `HOST:PORT` or `unix:PATH`. */
  readonly metrics?: string;
}

/** Settings as somebody gives them: what is absent is decided by whoever comes next. */
export type GivenSettings = Partial<NriSettings>;

/** Gives what holds where nobody says otherwise. */
export function defaultSettings(): NriSettings {
  return {
    hooksDirs: DEFAULT_HOOK_DIRECTORIES,
    builtin: false,
    extensionStages: [],
    onError: 'fail',
    exempt: {},
    podAnnotations: 'first',
    hasBindMounts: 'user',
    prestart: 'prestart',
    duplicates: 'skip',
    socketPath: '/var/run/nri/nri.sock',
    index: '10',
    name: 'hooks',
    status: `${runDirectory()}/nri.sock`,
  };
}

/** Puts settings together, the later before the earlier, upon what holds where nobody says otherwise. */
export function settingsFrom(given: readonly GivenSettings[]): NriSettings {
  const whole: NriSettings = Object.assign({}, defaultSettings(), ...given);
  const { hostRoot } = whole;
  if (hostRoot === undefined || hasOwnDirectories(given)) return whole;
  // The usual directories are those of the machine whose containers get the hooks.
  return { ...whole, hooksDirs: DEFAULT_HOOK_DIRECTORIES.map((directory) => join(hostRoot, directory)) };
}

/** Tells whether somebody named the hooks directories. */
export function hasOwnDirectories(given: readonly GivenSettings[]): boolean {
  return given.some(({ hooksDirs }) => hooksDirs !== undefined);
}

const FORM: SettingsForm = {
  door: 'nri',
  validate: validateNri,
  keys: [...Object.keys(defaultSettings()), 'hostRoot', 'metrics'],
  innerKeys: { '/exempt': ['namespaces'] },
  explain: ({ keyword, instancePath }) =>
    keyword === 'pattern' || instancePath === '/index' ? PATTERNS[instancePath] : undefined,
  advise: ({ instancePath }, written) =>
    instancePath === '/index' && /^[0-9]{1,2}$/.test(String(written)) ? String(written).padStart(2, '0') : undefined,
  check: ({ metrics, status }) => [
    ...(typeof metrics === 'string' && !parseMetricsAddress(metrics)
      ? [
          {
            key: 'metrics',
            problem: 'metrics are served to this machine only: a loopback address with a port, or unix:/PATH',
          },
        ]
      : []),
    ...socketProblems('status', status),
    ...socketProblems('metrics', typeof metrics === 'string' && metrics.startsWith('unix:') ? metrics.slice(5) : ''),
  ],
};

/** What a socket's path may not be, wherever it is made. */
function socketProblems(key: string, path: unknown): readonly SettingProblem[] {
  if (typeof path !== 'string' || Buffer.byteLength(path) <= SOCKET_PATH_LIMIT) return [];
  return [{ key, problem: `the path of a socket has at most ${SOCKET_PATH_LIMIT} bytes` }];
}

/** What the patterns of the schema ask for, where it is no absolute path. */
const PATTERNS: Readonly<Record<string, string>> = {
  '/index': 'the index must be two digits, in quotes',
  '/name': 'a name holds letters, digits, "_", ".", "+" and "-" only',
  '/metrics': 'the address must be HOST:PORT, of this machine, or unix:/PATH',
};

/**
 * Loads the settings of a file; the file must belong to root (or the caller) and be writable by nobody else, as must every
 * directory above it. Without one they are empty.
 *
 * @throws {ConfigError} when it cannot be trusted, read or understood
 */
export async function loadSettings(source: SettingsSource, options: TrustOptions = {}): Promise<GivenSettings> {
  return settingsOf((await readSettingsFile(source, FORM, 'refuse', options)) ?? { value: {}, diagnostics: [] });
}

/**
 * Gives the settings of a text that the runtime hands over, which may be empty.
 *
 * @throws {ConfigError} when it cannot be understood
 */
export async function settingsFromText(path: string, text: string): Promise<GivenSettings> {
  return settingsOf(await parseSettingsText(path, text, FORM));
}

/** Reads a settings file; gives undefined when there is none and none is required. */
export function readSettings(source: SettingsSource, trust: Trust = 'refuse'): Promise<Parsed<object> | undefined> {
  return readSettingsFile(source, FORM, trust);
}

/** Gives the path of the status socket that a settings file names, also where other things in the file are wrong. */
export async function statusPathOf(source: SettingsSource): Promise<string | undefined> {
  const { value, diagnostics } = (await readSettings(source)) ?? { diagnostics: [] };
  const status = value && 'status' in value ? value.status : undefined;
  const isMistaken = diagnostics.some(({ pointer }) => pointer === '/status');
  return typeof status === 'string' && !isMistaken ? status : undefined;
}

function settingsOf({ value, diagnostics }: Parsed<object>): GivenSettings {
  if (!value || hasErrors(diagnostics)) throw new ConfigError(diagnostics);
  // The validator found no fault with it.
  const { $schema: _, ...settings } = value as GivenSettings & { readonly $schema?: unknown };
  return settings;
}
