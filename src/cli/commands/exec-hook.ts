import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { errnoOf } from '../../core/diagnostic/system-error.ts';
import { type HookRun, isRecordableId, OUTPUT_KEPT, writeHookRun } from '../../host/hook-runs.ts';
import { reasonOf } from '../../host/write-file.ts';
import { restoreOpenFilesLimit } from '../../linux/process/open-files-limit.ts';
import { readOwnStart } from '../../linux/process/own-start.ts';
import { type ExitStatus, UsageError } from '../exit-status.ts';
import { writeNote } from '../output.ts';

/** Flags of `hooks exec-hook`. */
export interface ExecHookFlags {
  readonly id: string;
  readonly name: string;
  readonly stage?: string;
  readonly timeout?: string;
  readonly argv0?: string;
}

const PATIENCE_MILLISECONDS = 500;
const LONGEST_TIMER = 2 ** 31 - 1;
/** What a shell says of a program that cannot be started, and what `timeout` says of one that took too long. */
const STATUS = { notStarted: 127, timedOut: 124 } as const;

/**
 * Does `hooks exec-hook`: runs a hook as the runtime would have, with what it says going on to the runtime, and keeps a
 * record. The record has no part in the outcome: where it cannot be written, the hook runs all the same.
 */
export async function execHook(path: string, args: readonly string[], flags: ExecHookFlags): Promise<ExitStatus> {
  const timeoutSeconds = flags.timeout === undefined ? undefined : Number(flags.timeout);
  if (Number.isNaN(timeoutSeconds)) throw new UsageError(`--timeout takes seconds, not ${flags.timeout}`);
  const begun: HookRun = {
    id: flags.id,
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
  const end = await runAttached(path, args, flags.argv0 ?? path, timeoutSeconds);
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

interface HookEnd {
  readonly status?: number;
  readonly signal?: NodeJS.Signals;
  readonly failure?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly isCut: boolean;
}

function runAttached(
  path: string,
  args: readonly string[],
  argv0: string,
  timeoutSeconds: number | undefined,
): Promise<HookEnd> {
  restoreOpenFilesLimit();
  const child = spawn(path, args, { argv0, env: ownEnvironment(), stdio: ['inherit', 'pipe', 'pipe'] });
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
