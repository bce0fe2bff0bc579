import { diagnosticsAsData } from '../core/diagnostic/render.ts';
import { definitionsInForce, notReadyReasons, type PluginState } from './plugin-state.ts';

/** More findings are left out of the status; `hooks validate` tells all. */
const DIAGNOSTIC_LIMIT = 200;

/** Gives the status document; its schema is schemas/nri-status.json. */
export function statusDocument(state: PluginState): object {
  const { settings, catalog, connection, runtime, comparison, counts } = state;
  const reasons = notReadyReasons(state);
  const diagnostics = [...state.settingsProblems, ...catalog.diagnostics];
  return {
    schemaVersion: 1,
    ready: reasons.length === 0,
    reasons,
    pid: process.pid,
    mode: state.mode,
    startedAt: state.startedAt.toISOString(),
    plugin: { name: settings.name, index: settings.index },
    connection: {
      step: connection.step,
      since: connection.since.toISOString(),
      ...(state.mode === 'external' && { socket: settings.socketPath }),
      ...(connection.failure !== undefined && { failure: connection.failure }),
      connects: counts.connects,
    },
    ...(runtime && { runtime }),
    catalog: {
      generation: catalog.generation,
      definitions: definitionsInForce(state),
      inactive: catalog.catalog?.inactive.length ?? 0,
      stale: catalog.isStale,
      ...(catalog.lastGoodAt && { lastGoodAt: catalog.lastGoodAt.toISOString() }),
      hooksDirs: settings.hooksDirs,
    },
    settings: {
      onError: settings.onError,
      exemptNamespaces: [...state.exemptNamespaces].toSorted(),
      podAnnotations: settings.podAnnotations,
      hasBindMounts: settings.hasBindMounts,
      ...(state.settingsFile !== undefined && { file: state.settingsFile }),
      ...(settings.hostRoot !== undefined && { hostRoot: settings.hostRoot }),
    },
    containers: counts.containers,
    injected: sorted(counts.injected),
    errors: sorted(counts.errors),
    stalls: counts.stalls,
    ...(state.lastEventAt && { lastEventAt: state.lastEventAt.toISOString() }),
    ...(comparison && {
      synchronized: {
        at: comparison.at.toISOString(),
        containers: comparison.containers,
        complete: comparison.isComplete,
        missingCount: comparison.missingCount,
        missing: comparison.missing,
      },
    }),
    diagnosticsInAll: diagnostics.length,
    diagnostics: diagnosticsAsData(diagnostics.slice(0, DIAGNOSTIC_LIMIT)),
  };
}

function sorted(counts: ReadonlyMap<string, number>): object {
  return Object.fromEntries([...counts].toSorted(([left], [right]) => (left < right ? -1 : 1)));
}
