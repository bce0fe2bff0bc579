import { errnoOf } from '../core/diagnostic/system-error.ts';
import type { Unwatch } from './runtime-socket.ts';
import { openSession, type PluginIdentity, type Session, type SessionHandlers, type SessionStep } from './session.ts';
import type { OpenTransport } from './transport.ts';

/** How the connection to the runtime is: on the way, or `waiting` until it is tried again. */
export type ConnectionStep = SessionStep | 'connecting' | 'waiting' | 'ended';

/** Told what becomes of the connection; `reason` says why it failed or ended. */
export type ConnectionTold = (step: ConnectionStep, reason?: string) => void;

/** How a connection is kept. */
export interface ConnectionOptions {
  readonly open: OpenTransport;
  readonly identity: PluginIdentity;
  readonly handlers: Omit<SessionHandlers, 'reached'>;
  /** Watches for a runtime that comes, until the function it gives is called; then it is tried at once. */
  readonly watchForRuntime?: (appeared: () => void) => Unwatch;
  /** Whether the connection was handed to us and comes but once. */
  readonly isOnlyOne: boolean;
  /** Ends the connection, after the answers that are on the way. */
  readonly signal: AbortSignal;
  readonly told: ConnectionTold;
}

const FIRST_WAIT_MILLISECONDS = 100;
const LONGEST_WAIT_MILLISECONDS = 1000;

/**
 * Gives how long to wait before an attempt, in milliseconds: twice as long each time, and by chance somewhat less, so that
 * the nodes of a cluster that was updated do not all come at once.
 *
 * @param failures - attempts that failed since the last session that worked
 * @param chance - from 0 to 1
 */
export function waitBefore(failures: number, chance: number): number {
  const longest = Math.min(LONGEST_WAIT_MILLISECONDS, FIRST_WAIT_MILLISECONDS * 2 ** Math.min(failures, 16));
  return Math.round(longest * (1 - chance / 2));
}

/** Keeps a session with the runtime, again and again, until the signal; the promise resolves then. */
export async function keepConnected(options: ConnectionOptions): Promise<void> {
  const { signal, told } = options;
  let failures = 0;
  let hasAppeared = false;
  let wake = (): void => undefined;
  // It stands before the first attempt, so that no runtime comes unseen between an attempt and the wait behind it.
  const unwatch = options.watchForRuntime?.(() => {
    hasAppeared = true;
    wake();
  });
  while (!signal.aborted) {
    let isReady = false;
    hasAppeared = false;
    told('connecting');
    const reason = await oneSession(options, (step) => {
      // containerd 1.7 synchronizes no plugin that it started itself: its events may come from here on.
      const reached = options.isOnlyOne && step === 'configured' ? 'ready' : step;
      if (reached === 'ready' && isReady) return;
      isReady ||= reached === 'ready';
      told(reached);
    });
    if (signal.aborted || options.isOnlyOne) {
      told('ended', signal.aborted ? 'told to stop' : reason);
      break;
    }
    told('waiting', reason);
    failures = isReady ? 0 : failures + 1;
    if (!hasAppeared) {
      await pause(waitBefore(failures, Math.random()), signal, (end) => {
        wake = end;
      });
    }
    // A socket is there a moment before anybody listens at it.
    if (hasAppeared) failures = 0;
  }
  unwatch?.();
}

/** Gives why the session ended or did not come about. */
async function oneSession(
  { open, identity, handlers, signal }: ConnectionOptions,
  reached: (step: SessionStep) => void,
): Promise<string> {
  let session: Session;
  try {
    session = await openSession(open, identity, { ...handlers, reached });
  } catch (error) {
    return inWords(errnoOf(error)) ?? (error instanceof Error ? error.message : String(error));
  }
  const { leave } = session;
  if (signal.aborted) leave();
  signal.addEventListener('abort', leave, { once: true });
  const reason = await session.ended;
  signal.removeEventListener('abort', leave);
  return inWords(reason) ?? 'the runtime closed the connection';
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no runtime has made this socket: it does not run, or its NRI is off',
  ECONNREFUSED: 'no runtime listens there',
  EACCES: 'this user may not connect to it',
  EPIPE: 'the runtime closed the connection',
  ECONNRESET: 'the runtime closed the connection',
};

/** Gives a reason in words; one that has none stays as it is. */
function inWords(reason: string | undefined): string | undefined {
  return reason === undefined ? undefined : (REASONS[reason] ?? reason);
}

function pause(milliseconds: number, signal: AbortSignal, started: (end: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end, { once: true });
    started(end);
  });
}
