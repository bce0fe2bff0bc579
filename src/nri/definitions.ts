import { renderLine } from '../core/diagnostic/render.ts';
import { type CatalogState, isGood, keepCatalog, NOTHING_LOADED } from './catalog-keeper.ts';
import type { Log } from './log.ts';
import { definitionsInForce, type PluginState } from './plugin-state.ts';
import { hasOwnDirectories } from './settings.ts';

/** The definitions that a plugin decides with: loaded, watched, and loaded anew when the settings change. */
export interface Definitions {
  /** Resolves when the first load by the settings of now is done. */
  readonly load: () => Promise<void>;
  /** Resolves when they were loaded once more; what is in force stays until then. */
  readonly reload: () => Promise<void>;
  readonly close: () => void;
}

/** How long to wait when the definitions cannot be watched, before it is tried again. */
const RETRY_MILLISECONDS = 5000;

/** More findings are told by their number in the log; the status has them. */
const FINDING_LIMIT = 20;

/**
 * Keeps `state.catalog` as the definitions are, and tells each change once.
 *
 * @param changed - called behind each change
 */
export function keepDefinitions(state: PluginState, log: Log, changed: () => void): Definitions {
  let watching = new AbortController();
  const close = (): void => watching.abort();
  const keep = async (signal: AbortSignal, loaded: () => void): Promise<void> => {
    while (!signal.aborted) {
      try {
        await keepCatalog(state.settings, hasOwnDirectories(state.given), signal, (now) => {
          state.catalog = newState(state.catalog, now);
          tell(state.catalog, log);
          changed();
          loaded();
        });
      } catch (failure) {
        const reason = failure instanceof Error ? failure.message : String(failure);
        log('error', 'catalog', `the definitions cannot be watched: ${reason}; what was loaded stays in force`);
        loaded();
        await new Promise((resolve) => setTimeout(resolve, RETRY_MILLISECONDS).unref());
      }
    }
    loaded();
  };
  const reload = (): Promise<void> => {
    close();
    watching = new AbortController();
    const { signal } = watching;
    return new Promise((resolve) => void keep(signal, resolve));
  };
  return {
    close,
    reload,
    load: () => {
      state.catalog = { ...NOTHING_LOADED, generation: state.catalog.generation };
      return reload();
    },
  };
}

/** What is in force stays until there is something as good. */
function newState(before: CatalogState, now: CatalogState): CatalogState {
  const { isStale } = now;
  if (isGood(before) && !isGood(now)) return { ...before, diagnostics: now.diagnostics, isStale: true };
  const isNew = isGood(now) && !isStale;
  return {
    ...now,
    generation: before.generation + (isNew ? 1 : 0),
    lastGoodAt: isNew ? now.lastGoodAt : before.lastGoodAt,
  };
}

function tell(state: CatalogState, log: Log): void {
  const { generation, isStale, diagnostics } = state;
  const definitions = definitionsInForce({ catalog: state });
  const data = {
    generation,
    definitions,
    ...(diagnostics.length > 0 && { findings: diagnostics.slice(0, FINDING_LIMIT).map(renderLine) }),
    ...(diagnostics.length > FINDING_LIMIT && { findingsInAll: diagnostics.length }),
  };
  if (isStale) log('error', 'catalog', 'the definitions have errors: the last good ones stay in force', data);
  else if (!isGood(state)) log('error', 'catalog', 'the definitions have errors, and there are no good ones yet', data);
  else {
    const level = diagnostics.length > 0 ? 'warning' : 'info';
    log(level, 'catalog', `${definitions} ${definitions === 1 ? 'definition' : 'definitions'} in force`, data);
  }
}
