import { existsSync, statSync } from 'node:fs';
import { inheritedTransport } from '#inherited-socket';
import { error } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { renderLine } from '../core/diagnostic/render.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from '../host/file.ts';
import type { SettingsSource } from '../host/settings-file.ts';
import { reasonOf } from '../host/write-file.ts';
import { createDoors } from './doors.ts';
import { createLog, type Log } from './log.ts';
import { runPlugin } from './plugin.ts';
import { createState, type PluginState } from './plugin-state.ts';
import { preinstalledBy } from './preinstalled.ts';
import {
  defaultSettings,
  type GivenSettings,
  loadSettings,
  type NriSettings,
  settingsFrom,
  statusPathOf,
} from './settings.ts';
import { unixTransport } from './socket-transport.ts';

/** How the plugin is started. */
export interface StartOptions {
  /** Settings that go before those of the file. */
  readonly given: GivenSettings;
  readonly source: SettingsSource;
  readonly environment: NodeJS.ProcessEnv;
}

/** Where Kubernetes tells a pod its namespace. */
const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

const STANDARD_ERROR = 2;

/** How long the last lines of the log may take. */
const FLUSH_MILLISECONDS = 500;

/**
 * Runs the plugin until SIGTERM or SIGINT; one that the runtime started, until the runtime leaves.
 *
 * @throws {ConfigError} when the settings have errors; {SystemError} `LISTEN`, `HOST_ROOT`
 */
export async function startPlugin({ given, source, environment }: StartOptions): Promise<void> {
  // Everything that is made belongs to nobody else: the sockets of status and metrics.
  process.umask(0o077);
  const preinstalled = given.socketPath === undefined ? preinstalledBy(environment) : undefined;
  const writer = createLog(STANDARD_ERROR);
  const { log } = writer;
  const state = createState(defaultSettings(), preinstalled ? 'pre-installed' : 'external', new Date());
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log('info', 'stop', `told to stop (${signal})`);
      stop.abort();
    });
  }
  const hangUps = new EventTarget();
  process.on('SIGHUP', () => hangUps.dispatchEvent(new Event('hangup')));
  const doors = createDoors(state, log);
  try {
    // In a pod, files come from the volumes of ConfigMaps.
    const trust = { trustReadOnlyMounts: given.hostRoot !== undefined };
    const ofFile = await settingsOf(() => loadSettings(source, trust), source, { state, log });
    if (existsSync(source.path)) state.settingsFile = source.path;
    state.given = [ofFile, given, ...(preinstalled ? [preinstalled.identity] : [])];
    state.settings = settingsFrom(state.given);
    for (const namespace of exemptNamespaces(state.settings, environment)) state.exemptNamespaces.add(namespace);
    checkHostRoot(given.hostRoot === undefined ? `hostRoot in ${source.path}` : '--host-root', source, state, log);
    // A plugin that the runtime started has nobody to tell: it does its work without.
    const isNeeded = { status: (given.status ?? ofFile.status) !== undefined && !preinstalled, metrics: !preinstalled };
    await doors.open(isNeeded);
    const { socketPath } = state.settings;
    const open = preinstalled ? inheritedTransport(preinstalled.descriptor) : unixTransport(socketPath);
    const reopen = (): Promise<void> => doors.open({ status: false, metrics: false });
    await runPlugin({ state, open, log, signal: stop.signal, reopen, hangUps });
  } finally {
    doors.close();
    await new Promise((resolve) => setImmediate(resolve));
    await writer.flush(FLUSH_MILLISECONDS);
  }
}

/** A plugin that the runtime started has nobody to tell a mistake to, and nobody starts it again: it refuses instead. */
async function settingsOf(
  load: () => Promise<GivenSettings>,
  source: SettingsSource,
  { state, log }: { readonly state: PluginState; readonly log: Log },
): Promise<GivenSettings> {
  try {
    return await load();
  } catch (failure) {
    if (!(failure instanceof ConfigError) || state.mode === 'external') throw failure;
    state.settingsProblems = failure.diagnostics;
    const findings = failure.diagnostics.map(renderLine);
    log('error', 'settings', 'the settings have errors: no container is created', { findings });
    // Who looks for the reason looks at the socket that was configured.
    const status = await statusPathOf(source);
    return status === undefined ? {} : { status };
  }
}

function exemptNamespaces({ exempt }: NriSettings, environment: NodeJS.ProcessEnv): readonly string[] {
  const own = environment['POD_NAMESPACE'] || namespaceOfAccount();
  return [...(exempt.namespaces ?? []), ...(own ? [own] : [])];
}

function namespaceOfAccount(): string | undefined {
  const content = readBoundedFile(NAMESPACE_FILE, 1024);
  return content.kind === 'content' ? content.bytes.toString().trim() : undefined;
}

/**
 * Without the host's root there, every program would seem to be missing. A plugin that the runtime started refuses instead
 * of ending: containerd 1.7 does not start when one of them ends before it has registered.
 */
function checkHostRoot(setting: string, { path }: SettingsSource, state: PluginState, log: Log): void {
  const { hostRoot } = state.settings;
  if (hostRoot === undefined) return;
  try {
    if (!statSync(hostRoot).isDirectory()) throw new Error('it is no directory');
  } catch (failure) {
    const reason = reasonOf(failure);
    if (state.mode === 'external') {
      throw new SystemError('HOST_ROOT', { setting, path: hostRoot, reason }, { cause: failure });
    }
    const problem = `the host's root cannot be read at ${hostRoot}: ${reason}`;
    state.settingsProblems = [
      ...state.settingsProblems,
      error('SETTING_VALUE', { path, pointer: '/hostRoot' }, { problem, door: 'nri' }),
    ];
    log('error', 'settings', 'the settings have errors: no container is created', { findings: [problem] });
  }
}
