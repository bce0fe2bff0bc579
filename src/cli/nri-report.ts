import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { type PathState, pathState } from '../host/machine.ts';
import { defaultSettings, type GivenSettings, loadSettings, type NriSettings } from '../nri/settings.ts';
import { readStatus } from '../nri/status-client.ts';

/** The runtime's NRI socket, the settings of our plugin, and how the plugin is when it answers. */
export interface NriReport {
  /** The runtime's socket, as the settings have it. */
  readonly path: string;
  readonly state: PathState;
  readonly settings: NriSettingsReport;
  readonly plugin?: { readonly ready: boolean; readonly reasons: readonly string[] };
}

/** The settings file; without it the defaults hold. */
export interface NriSettingsReport {
  readonly path: string;
  readonly state: PathState;
  /** Absent when they cannot be relied on; the diagnostics say why. */
  readonly inForce?: NriSettings;
}

/** Where to look. */
export interface NriPlaces {
  readonly settings: string;
  /** The runtime's socket and that of our plugin's status, where the settings do not name them. */
  readonly socket: string;
  readonly status: string;
}

/** Looks for NRI as a plugin without flags would, and asks the one that runs. */
export async function examineNri(
  places: NriPlaces,
): Promise<{ readonly report: NriReport; readonly diagnostics: readonly Diagnostic[] }> {
  const { given, diagnostics } = await examineSettings(places.settings);
  const path = given?.socketPath ?? places.socket;
  const status = given?.status ?? places.status;
  const plugin = await examinePlugin(status);
  const inForce = given && { ...defaultSettings(), ...given, socketPath: path, status };
  const settings = { path: places.settings, state: pathState(places.settings), ...(inForce && { inForce }) };
  return { report: { path, state: pathState(path), settings, ...(plugin && { plugin }) }, diagnostics };
}

async function examineSettings(
  path: string,
): Promise<{ readonly given?: GivenSettings; readonly diagnostics: readonly Diagnostic[] }> {
  try {
    return { given: await loadSettings({ path, isRequired: false }), diagnostics: [] };
  } catch (failure) {
    if (failure instanceof ConfigError) return { diagnostics: failure.diagnostics };
    throw failure;
  }
}

async function examinePlugin(path: string): Promise<NriReport['plugin']> {
  if (pathState(path) !== 'socket') return undefined;
  try {
    const { ready, reasons } = await readStatus(path);
    return { ready: ready === true, reasons: Array.isArray(reasons) ? reasons.map(String) : [] };
  } catch (failure) {
    if (!(failure instanceof SystemError)) throw failure;
    return { ready: false, reasons: [failure.message] };
  }
}
