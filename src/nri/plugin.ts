import { ConfigError } from '../core/diagnostic/input-error.ts';
import { renderLine } from '../core/diagnostic/render.ts';
import type { ConfigureRequest } from '../generated/nri-messages.ts';
import { type ConnectionStep, keepConnected } from './connection.ts';
import { answerCreateContainer, missingHooks } from './create-container.ts';
import { type Definitions, keepDefinitions } from './definitions.ts';
import type { Log } from './log.ts';
import { canDecide, type PluginState, runtimePlace } from './plugin-state.ts';
import { handedOverPlace } from './preinstalled.ts';
import { watchForSocket } from './runtime-socket.ts';
import { settingsFrom, settingsFromText } from './settings.ts';
import { createGathering } from './synchronize.ts';
import type { OpenTransport } from './transport.ts';
import { watchEventLoop } from './watchdog.ts';

/** What a plugin needs to run. */
export interface PluginOptions {
  /** Changed by the plugin; everybody else reads it. */
  readonly state: PluginState;
  readonly open: OpenTransport;
  readonly log: Log;
  /** Ends the plugin, after the answers that are on the way. */
  readonly signal: AbortSignal;
  /** Called when the runtime gave other settings; what depends on them may be opened anew. */
  readonly reopen: () => Promise<void>;
  /** Has an event `hangup` each time that the definitions are to be loaded now. */
  readonly hangUps: EventTarget;
}

/**
 * Runs the plugin: loads and watches the definitions, then keeps a session with the runtime. The promise resolves after the
 * signal, or when the one connection of a pre-installed plugin has ended.
 */
export async function runPlugin({ state, open, log, signal, reopen, hangUps }: PluginOptions): Promise<void> {
  const unwatch = watchEventLoop((milliseconds) => tellStall(milliseconds, state, log));
  const gathering = createGathering();
  /** Whether the runtime told its containers, and there was nothing yet to compare them with. */
  let isWaiting = false;
  const definitions = keepDefinitions(state, log, () => {
    if (isWaiting && canDecide(state)) void compare();
  });
  const reload = (): void => {
    log('info', 'reload', 'told to load the definitions now (SIGHUP)');
    void definitions.reload();
  };
  hangUps.addEventListener('hangup', reload);
  try {
    await definitions.load();
    await keepConnected({
      open,
      identity: { name: state.settings.name, index: state.settings.index },
      ...(state.mode === 'external' && {
        watchForRuntime: (appeared) => watchForSocket(state.settings.socketPath, appeared),
      }),
      isOnlyOne: state.mode === 'pre-installed',
      signal,
      handlers: {
        configure: (request) => configure(request, state, { definitions, log, reopen }),
        createContainer: (request) => answerCreateContainer(request, state, log),
        synchronize: (request) => {
          gathering.add(request);
          // The runtime waits for the answer: what was gathered is looked at behind it.
          if (!request.more) setImmediate(() => void compare());
        },
      },
      told: (step, reason) => {
        // The next session tells all containers anew.
        if (step === 'connecting') {
          isWaiting = false;
          gathering.clear();
        }
        tellConnection(step, reason, state, log);
      },
    });
  } finally {
    hangUps.removeEventListener('hangup', reload);
    definitions.close();
    unwatch();
  }

  async function compare(): Promise<void> {
    isWaiting = !canDecide(state);
    if (isWaiting) {
      state.comparison = undefined;
      const message =
        'the running containers were not compared: there are no good definitions; they will be when there are';
      log('warning', 'synchronized', message);
      return;
    }
    const comparison = await gathering.compare((pod, container) => missingHooks(pod, container, state));
    state.comparison = comparison;
    for (const missing of comparison.missing) {
      const { namespace, pod, name, definition, stage } = missing;
      const message = `${namespace}/${pod} ${name} runs without the ${stage} hook of ${definition}`;
      log('warning', 'missing-hook', message, { ...missing });
    }
    const { containers, missingCount, isComplete } = comparison;
    const level = missingCount > 0 || !isComplete ? 'warning' : 'info';
    const message = `${missingCount} hooks are missing in ${containers} running containers`;
    log(level, 'synchronized', message, { containers, missing: missingCount, complete: isComplete });
  }
}

/** Takes in what the runtime says of itself, and the settings that it has for a plugin it started. */
async function configure(
  request: ConfigureRequest,
  state: PluginState,
  { definitions, log, reopen }: { readonly definitions: Definitions } & Pick<PluginOptions, 'log' | 'reopen'>,
): Promise<void> {
  const { config, runtimeName, runtimeVersion, requestTimeout } = request;
  state.runtime = {
    name: runtimeName,
    version: runtimeVersion,
    ...(requestTimeout > 0n && { requestTimeoutMilliseconds: Number(requestTimeout) }),
  };
  if (config.trim() === '') return;
  const path = handedOverPlace(state.settings, config);
  const others = state.settingsProblems.filter((problem) => problem.path !== path);
  try {
    state.given = [...state.given, await settingsFromText(path, config)];
    state.settings = settingsFrom(state.given);
    for (const namespace of state.settings.exempt.namespaces ?? []) state.exemptNamespaces.add(namespace);
    // What is wrong in the file of the settings stays wrong.
    state.settingsProblems = others;
    await definitions.load();
    await reopen();
  } catch (failure) {
    if (!(failure instanceof ConfigError)) throw failure;
    // To end here would let all containers start without hooks: each is refused instead, with the reason.
    state.settingsProblems = [...others, ...failure.diagnostics];
    const findings = failure.diagnostics.map(renderLine);
    log('error', 'settings', 'the settings have errors: no container is created', { findings });
  }
}

function tellStall(milliseconds: number, { counts, runtime }: PluginState, log: Log): void {
  counts.stalls.count++;
  counts.stalls.longestMilliseconds = Math.max(counts.stalls.longestMilliseconds, milliseconds);
  const name = runtime?.name ?? 'the runtime';
  log('warning', 'stall', `the plugin stood still for ${milliseconds} ms; ${name} may go on without it`, {
    milliseconds,
  });
}

function tellConnection(step: ConnectionStep, reason: string | undefined, state: PluginState, log: Log): void {
  const before = state.connection;
  const failure = reason ?? (step === 'ready' ? undefined : before.failure);
  state.connection = { step, since: new Date(), ...(failure !== undefined && { failure }) };
  const { settings, runtime, counts, mode } = state;
  if (step === 'ready') {
    counts.connects++;
    const name = [runtime?.name, runtime?.version].filter(Boolean).join(' ');
    log('info', 'connected', `registered as ${settings.index}-${settings.name} with ${name}, ${runtimePlace(state)}`);
  } else if ((step === 'waiting' || step === 'ended') && (before.step === 'ready' || reason !== before.failure)) {
    // A runtime that is not there is told once, and not at each attempt.
    const level = step === 'ended' && mode === 'external' ? 'info' : 'warning';
    log(level, 'disconnected', `not connected to ${runtimePlace(state)}: ${reason ?? 'left'}`);
  }
}
