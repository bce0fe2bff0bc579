import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { isObject } from '../../core/definition/keys.ts';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import { readUpTo } from '../../host/file.ts';
import { type HookRun, isRecordableId, OUTPUT_KEPT, writeHookRun } from '../../host/hook-runs.ts';
import { reasonOf } from '../../host/write-file.ts';
import { restoreOpenFilesLimit } from '../../linux/process/open-files-limit.ts';
import { readOwnStart } from '../../linux/process/own-start.ts';
import { type ExitStatus, UsageError } from '../exit-status.ts';
import { writeNote } from '../output.ts';

/** Flags of `hooks exec-hook`. */
export interface ExecHookFlags {
  /** Counts where the state names no container. */
  readonly id?: string;
  readonly name: string;
  readonly stage?: string;
  readonly timeout?: string;
  readonly argv0?: string;
}

/** The most bytes a state may have: its annotations are those of the container. */
const STATE_LIMIT = 64 << 20;
const STDIN = 0;
const PATIENCE_MILLISECONDS = 500;
const LONGEST_TIMER = 2 ** 31 - 1;
/** What a shell says of a program that cannot be started, and what `timeout` says of one that took too long. */
const STATUS = { notStarted: 127, timedOut: 124 } as const;

/**
 * Does `hooks exec-hook`: runs a hook as the runtime would have, with what it says going on to the runtime, and keeps a
 * record. The record has no part in the outcome: where it cannot be written, the hook runs all the same.
 *
 * The record goes to the container that the state names: a bundle may be used again under another id, and its entries
 * still name the first one.
 *
 * @throws {SystemError} `STDIN_READ`
 */
export async function execHook(path: string, args: readonly string[], flags: ExecHookFlags): Promise<ExitStatus> {
  const timeoutSeconds = flags.timeout === undefined ? undefined : Number(flags.timeout);
  if (Number.isNaN(timeoutSeconds)) throw new UsageError(`--timeout takes seconds, not ${flags.timeout}`);
  const state = readInput();
  const begun: HookRun = {
    id: idOf(state) ?? flags.id ?? '',
    name: flags.name,
    ...(flags.stage !== undefined && { stage: flags.stage }),
    path,
    args: [flags.argv0 ?? path, ...args],
    startedAt: new Date().toISOString(),
    stdout: '',
    stderr: '',
    isCut: false,
  };
  // Written first too: the runtime may kill us, and then this is what is left.
  keep(begun);
  const start = performance.now();
  const end = await runAttached({ path, args, argv0: flags.argv0 ?? path }, state, timeoutSeconds);
  const { status, signal, failure, stdout, stderr, isCut } = end;
  keep({
    ...begun,
    milliseconds: Math.round(performance.now() - start),
    ...(status !== undefined && { status }),
    ...(signal !== undefined && { signal }),
    ...(failure !== undefined && { failure }),
    ...{ stdout, stderr, isCut },
  });
  if (failure !== undefined) writeNote(`hooks: ${path}: ${failure}`);
  if (signal !== undefined && failure === undefined) process.kill(process.pid, signal);
  // The status is the hook's, not one of ours.
  process.exit(failure === undefined ? (status ?? 1) : signal === undefined ? STATUS.notStarted : STATUS.timedOut);
}

/** Reads what the runtime hands to the hook, as it is. */
function readInput(): Buffer {
  let state: Buffer;
  try {
    state = readUpTo(STDIN, STATE_LIMIT);
  } catch (error) {
    throw new SystemError('STDIN_READ', { reason: reasonOf(error) }, { cause: error });
  }
  if (state.length > STATE_LIMIT) throw new SystemError('STDIN_READ', { reason: `more than ${STATE_LIMIT} bytes` });
  return state;
}

/** Gives the container's id of a state; undefined for what is none: then the flag has to do. */
function idOf(state: Buffer): string | undefined {
  try {
    const parsed: unknown = JSON.parse(state.toString());
    return isObject(parsed) && typeof parsed['id'] === 'string' ? parsed['id'] : undefined;
  } catch {
    return undefined;
  }
}

interface HookCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly argv0: string;
}

interface HookEnd {
  readonly status?: number;
  readonly signal?: NodeJS.Signals;
  readonly failure?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly isCut: boolean;
}

function runAttached(
  { path, args, argv0 }: HookCommand,
  state: Buffer,
  timeoutSeconds: number | undefined,
): Promise<HookEnd> {
  restoreOpenFilesLimit();
  const child = spawn(path, args, { argv0, env: ownEnvironment(), stdio: 'pipe' });
  // A hook may end without reading its state.
  child.stdin.on('error', () => {});
  child.stdin.end(state);
  const stdout = passOn(child, 'stdout', 1);
  const stderr = passOn(child, 'stderr', 2);
  const timer =
    timeoutSeconds === undefined
      ? undefined
      : setTimeout(() => child.kill('SIGKILL'), Math.min(Math.max(timeoutSeconds, 0) * 1000, LONGEST_TIMER));
  const said = () => ({ stdout: stdout.text(), stderr: stderr.text(), isCut: stdout.isCut() || stderr.isCut() });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      clearTimeout(timer);
      resolve({ failure: `cannot be started: ${reasonOf(error)}`, ...said() });
    });
    child.once('exit', (status, signal) => {
      clearTimeout(timer);
      const isLate = signal === 'SIGKILL' && child.killed;
      const end = (): void =>
        resolve({
          ...(status !== null && { status }),
          ...(signal !== null && { signal }),
          ...(isLate && { failure: `ran longer than its timeout of ${timeoutSeconds} s and was killed` }),
          ...said(),
        });
      child.once('close', end);
      // What the hook left running may hold its outputs open, and is not waited for long.
      setTimeout(end, PATIENCE_MILLISECONDS);
    });
  });
}

/** The environment as it was given to us, without what our own runtime has set since. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    readOwnStart().environment.map((entry) => {
      const text = Buffer.from(entry).toString();
      const equals = text.indexOf('=');
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

interface Kept {
  readonly text: () => string;
  readonly isCut: () => boolean;
}

/** Gives an output on to our own, and keeps the beginning of it. */
function passOn(child: ChildProcess, name: 'stdout' | 'stderr', descriptor: number): Kept {
  const kept: Buffer[] = [];
  let length = 0;
  child[name]?.on('data', (chunk: Buffer) => {
    if (length < OUTPUT_KEPT) kept.push(chunk.subarray(0, OUTPUT_KEPT - length));
    length += chunk.length;
    try {
      writeSync(descriptor, chunk);
    } catch (error) {
      // The runtime has stopped listening; the hook goes on.
      if (errnoOf(error) === undefined) throw error;
    }
  });
  return { text: () => Buffer.concat(kept).toString(), isCut: () => length > OUTPUT_KEPT };
}

function keep(run: HookRun): void {
  if (!isRecordableId(run.id)) return;
  try {
    writeHookRun(run, process.pid);
  } catch (error) {
    writeNote(`hooks: no record of ${run.path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
