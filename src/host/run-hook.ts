import { type ChildProcess, spawn } from 'node:child_process';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import type { Hook } from '../core/oci/hook.ts';
import { reasonOf } from './write-file.ts';

/** What a hook printed. */
export interface HookOutput {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** How a hook is run. */
export interface RunHookOptions {
  /** The directory it starts in; ours by default. */
  readonly cwd?: string;
  /** The most bytes of standard output that are kept; more is an error. */
  readonly outputLimit?: number;
  /** How long to wait for a killed hook to go, in milliseconds. */
  readonly postKillTimeout?: number;
}

const STDERR_KEPT = 64 * 1024;
const LONGEST_TIMER = 2 ** 31 - 1;

/**
 * Runs a hook as an engine does: its own arguments and environment, nothing inherited, the input on its standard input.
 * A timeout of 0 or less is over at once.
 *
 * @throws {SystemError} `HOOK_START`, `HOOK_TIMEOUT`, `HOOK_FAILED` (exit status, signal or too much output), `HOOK_STDIN`
 */
export async function runHook(hook: Hook, input: Uint8Array, options: RunHookOptions = {}): Promise<HookOutput> {
  const [name = hook.path, ...args] = hook.args ?? [];
  const child = spawn(hook.path, args, {
    argv0: name,
    env: environmentOf(hook.env ?? []),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const ended = endOf(child, hook);
  const output = collect(child, options.outputLimit ?? Number.POSITIVE_INFINITY);
  const stdinFailure = feed(child, input);
  const timer = startTimer(child, hook, options.postKillTimeout ?? 10_000);
  try {
    const end = await Promise.race([ended, timer.late]);
    if (timer.isOver()) throw timer.error;
    if (output.isTooLong()) throw failed(hook, 'it printed too much');
    if (end !== undefined) throw failed(hook, withLastLine(end, output.stderr()));
    const unread = await stdinFailure;
    if (unread) throw unread;
    return { stdout: output.stdout(), stderr: output.stderr() };
  } finally {
    timer.stop();
  }
}

/** The environment exactly as given; an entry without `=` names an empty variable, a name that stands twice is last wins. */
function environmentOf(entries: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      return equals < 0 ? [entry, ''] : [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

/** Resolves with undefined for success, else with what went wrong. */
function endOf(child: ChildProcess, hook: Hook): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const args = { path: hook.path, reason: reasonOf(error) };
      reject(new SystemError('HOOK_START', args, { cause: error }));
    });
    child.once('close', (status, signal) => {
      if (signal) resolve(`killed by ${signal}`);
      else resolve(status === 0 ? undefined : `exit status ${status}`);
    });
  });
}

interface Collected {
  readonly stdout: () => Buffer;
  readonly stderr: () => Buffer;
  readonly isTooLong: () => boolean;
}

function collect(child: ChildProcess, limit: number): Collected {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let length = 0;
  let stderrLength = 0;
  child.stdout?.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limit) stdout.push(chunk);
    else child.kill('SIGKILL');
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderrLength < STDERR_KEPT) stderr.push(chunk.subarray(0, STDERR_KEPT - stderrLength));
    stderrLength += chunk.length;
  });
  return {
    stdout: () => Buffer.concat(stdout),
    stderr: () => Buffer.concat(stderr),
    isTooLong: () => length > limit,
  };
}

function feed(child: ChildProcess, input: Uint8Array): Promise<SystemError | undefined> {
  return new Promise((resolve) => {
    child.stdin?.once('error', (error) => {
      // A hook may exit without reading its state; its exit status is the verdict, not this write.
      if (errnoOf(error) === 'EPIPE' || errnoOf(error) === 'ECONNRESET') return resolve(undefined);
      const args = { path: child.spawnfile, reason: reasonOf(error) };
      return resolve(new SystemError('HOOK_STDIN', args, { cause: error }));
    });
    child.stdin?.end(input, () => resolve(undefined));
  });
}

interface Timer {
  /** Never resolves when there is no timeout; else rejects when the hook stays after it was killed. */
  readonly late: Promise<undefined>;
  readonly isOver: () => boolean;
  readonly error: SystemError;
  readonly stop: () => void;
}

function startTimer(child: ChildProcess, hook: Hook, postKillTimeout: number): Timer {
  const timeoutSeconds = String(hook.timeout ?? '');
  const error = new SystemError('HOOK_TIMEOUT', { path: hook.path, timeoutSeconds });
  let isOver = false;
  const timers: NodeJS.Timeout[] = [];
  const late = new Promise<undefined>((_resolve, reject) => {
    if (hook.timeout === undefined) return;
    const milliseconds = Math.min(Math.max(Number(hook.timeout) * 1000, 0), LONGEST_TIMER);
    const kill = (): void => {
      isOver = true;
      child.kill('SIGKILL');
      // A process that hangs in the kernel, or left its pipes to another, is not waited for without end.
      timers.push(setTimeout(() => reject(error), postKillTimeout));
    };
    timers.push(setTimeout(kill, milliseconds));
  });
  return {
    late,
    isOver: () => isOver,
    error,
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    },
  };
}

function failed(hook: Hook, reason: string): SystemError {
  return new SystemError('HOOK_FAILED', { path: hook.path, reason });
}

/** The last line that the hook wrote to standard error says most about why it failed. */
function withLastLine(end: string, stderr: Buffer): string {
  const line = stderr.toString().trimEnd().split('\n').at(-1)?.trim();
  return line ? `${end}: ${line}` : end;
}
