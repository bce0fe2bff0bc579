import { SystemError } from '../core/diagnostic/system-error.ts';
import type { Log } from './log.ts';
import { metricsText } from './metrics.ts';
import { parseMetricsAddress } from './metrics-address.ts';
import { serveMetrics } from './metrics-server.ts';
import type { PluginState } from './plugin-state.ts';
import { statusDocument } from './status.ts';
import { serveStatus } from './status-server.ts';

/** What the plugin tells others of itself: the status socket, and the metrics where somebody asked for them. */
export interface Doors {
  /**
   * Opens them by the settings of now. One that is not needed and cannot be opened is logged.
   *
   * @throws {SystemError} `LISTEN` for one that is needed
   */
  readonly open: (isNeeded: { readonly status: boolean; readonly metrics: boolean }) => Promise<void>;
  readonly close: () => void;
}

/** Gives doors that are closed. */
export function createDoors(state: PluginState, log: Log): Doors {
  const opened = new Map<string, () => void>();
  /** Lets what is open at its address stay, and closes what is not wanted any more. */
  const place = async (
    name: 'status' | 'metrics',
    address: string | undefined,
    open: (address: string) => Promise<() => void>,
    isNeeded: boolean,
  ): Promise<void> => {
    const key = `${name} ${address}`;
    if (opened.has(key)) return;
    for (const [other, close] of opened) {
      if (!other.startsWith(`${name} `)) continue;
      close();
      opened.delete(other);
    }
    if (address === undefined) return;
    try {
      opened.set(key, await open(address));
    } catch (failure) {
      if (isNeeded || !(failure instanceof SystemError)) throw failure;
      log('warning', name, `the ${name} cannot be told: ${failure.message}`);
    }
  };
  return {
    open: async (isNeeded) => {
      const { status, metrics } = state.settings;
      await place('status', status, (path) => serveStatus(path, () => statusDocument(state)), isNeeded.status);
      await place('metrics', metrics, (address) => openMetrics(address, state), isNeeded.metrics);
    },
    close: () => {
      for (const close of opened.values()) close();
      opened.clear();
    },
  };
}

function openMetrics(text: string, state: PluginState): Promise<() => void> {
  const address = parseMetricsAddress(text);
  if (!address) throw new SystemError('LISTEN', { address: text, reason: 'metrics are served to this machine only' });
  return serveMetrics(address, () => metricsText(state));
}
