import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { type CatalogState, isGood, NOTHING_LOADED } from './catalog-keeper.ts';
import type { ConnectionStep } from './connection.ts';
import { type Counts, createCounts } from './counts.ts';
import type { GivenSettings, NriSettings } from './settings.ts';
import type { Comparison } from './synchronize.ts';

/** The runtime that we are connected to, as it names itself. */
export interface RuntimeName {
  readonly name: string;
  readonly version: string;
  /** How long it waits for an answer; older runtimes do not say. */
  readonly requestTimeoutMilliseconds?: number;
}

/** All that a plugin knows; the status and the metrics are made of it. */
export interface PluginState {
  readonly startedAt: Date;
  /** Whether the plugin connects to the runtime's socket, or was started by the runtime. */
  readonly mode: 'external' | 'pre-installed';
  settings: NriSettings;
  /** What the settings are made of: of each source what it says, the later before the earlier. */
  given: readonly GivenSettings[];
  /** The file of the settings, where there is one. */
  settingsFile?: string;
  /** What is wrong with the settings, so that nothing they say can be relied on. */
  settingsProblems: readonly Diagnostic[];
  readonly exemptNamespaces: Set<string>;
  catalog: CatalogState;
  connection: { readonly step: ConnectionStep; readonly since: Date; readonly failure?: string };
  runtime: RuntimeName | undefined;
  comparison: Comparison | undefined;
  lastEventAt: Date | undefined;
  readonly counts: Counts;
}

/** Gives the state of a plugin that has just started. */
export function createState(settings: NriSettings, mode: PluginState['mode'], now: Date): PluginState {
  return {
    startedAt: now,
    mode,
    settings,
    given: [],
    settingsProblems: [],
    exemptNamespaces: new Set(settings.exempt.namespaces),
    catalog: NOTHING_LOADED,
    connection: { step: 'connecting', since: now },
    runtime: undefined,
    comparison: undefined,
    lastEventAt: undefined,
    counts: createCounts(),
  };
}

/** Tells whether there are settings and definitions to decide with. */
export function canDecide({ settingsProblems, catalog }: PluginState): boolean {
  return settingsProblems.length === 0 && isGood(catalog);
}

/** Gives how many definitions are in force: of definitions with errors none is. */
export function definitionsInForce({ catalog }: Pick<PluginState, 'catalog'>): number {
  return isGood(catalog) ? (catalog.catalog?.definitions.length ?? 0) : 0;
}

/** Gives what keeps the plugin from doing its work, a sentence each; none when it is ready. */
export function notReadyReasons(state: PluginState): string[] {
  const { connection, catalog, settingsProblems } = state;
  const reasons: string[] = [];
  if (connection.step !== 'ready') {
    const failure = connection.failure === undefined ? '' : `: ${connection.failure}`;
    reasons.push(`not registered with ${runtimePlace(state)} (${connection.step})${failure}`);
  }
  if (settingsProblems.length > 0) reasons.push('the settings have errors: no container is created');
  else if (!isGood(catalog)) reasons.push('no good catalog of definitions was loaded yet');
  return reasons;
}

/** Gives where the runtime is, in words. */
export function runtimePlace({ mode, settings }: PluginState): string {
  return mode === 'external' ? `the runtime at ${settings.socketPath}` : 'the runtime that started the plugin';
}
