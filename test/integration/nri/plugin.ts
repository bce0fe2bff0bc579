import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';
import { EXECUTABLE } from '../../build-executable.ts';

/** A directory with hooks directories and whatever else a test makes: all of it the test's own, and safe by the trust rule. */
export interface PluginPlace {
  readonly work: string;
  readonly hooksDir: string;
  readonly statusSocket: string;
  readonly define: (name: string, definition: object) => void;
  /** Writes a file into the hooks directory as it is. */
  readonly write: (name: string, text: string) => void;
  readonly remove: (name: string) => void;
}

/** What the tests look at in `hooks nri status --json`. */
export interface Status {
  readonly ready: boolean;
  readonly mode: string;
  readonly pid: number;
  readonly connection: { readonly step: string; readonly connects: number };
  readonly runtime?: { readonly name: string; readonly version: string };
  readonly catalog: {
    readonly generation: number;
    readonly definitions: number;
    readonly inactive: number;
    readonly stale: boolean;
  };
  readonly containers: Readonly<Record<string, number>>;
  readonly injected: Readonly<Record<string, number>>;
  readonly stalls: { readonly count: number; readonly longestMilliseconds: number };
  readonly synchronized?: {
    readonly containers: number;
    readonly missingCount: number;
    readonly missing: readonly { readonly container: string; readonly definition: string; readonly stage: string }[];
  };
  readonly diagnostics: readonly { readonly code: string; readonly path: string }[];
}

/** A plugin that runs. */
export interface Plugin {
  readonly pid: number;
  readonly status: () => Status;
  /** Waits until the status is as asked, and gives it. */
  readonly until: (isSo: (status: Status) => boolean) => Promise<Status>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves with the exit status, or null after a signal. */
  readonly ended: Promise<number | null>;
  /** The lines that it wrote to standard error. */
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
}

/** Makes a place for one test; it is removed when the test is over. */
export function pluginPlace(): PluginPlace {
  const work = mkdtempSync('/tmp/hooks-nri-');
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  const hooksDir = join(work, 'hooks.d');
  mkdirSync(hooksDir);
  const write = (name: string, text: string): void => writeFileSync(join(hooksDir, name), text, { mode: 0o644 });
  return {
    work,
    hooksDir,
    statusSocket: join(work, 'status.sock'),
    define: (name, definition) => {
      const whole = { version: '1.0.0', when: { always: true }, stages: ['createRuntime'], ...definition };
      write(name, JSON.stringify(whole));
    },
    write,
    remove: (name) => rmSync(join(hooksDir, name)),
  };
}

/** Starts an external plugin and waits until it is registered; it ends with the test. */
export async function startPlugin(place: PluginPlace, socketPath: string, options: PluginStart = {}): Promise<Plugin> {
  const { args = [], statusSocket = place.statusSocket, program = [EXECUTABLE] } = options;
  const own = ['--hooks-dir', place.hooksDir, '--socket-path', socketPath, '--status', statusSocket];
  const logFile = `${statusSocket}.log`;
  const log = openSync(logFile, 'w');
  const [file = EXECUTABLE, ...before] = program;
  const child = spawn(file, [...before, 'nri', ...own, ...args], { stdio: ['ignore', 'ignore', log] });
  closeSync(log);
  const ended = exitOf(child);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const plugin: Plugin = {
    pid: child.pid ?? 0,
    status: () => statusOf(statusSocket),
    until: (isSo) => untilStatus(statusSocket, isSo),
    kill: (signal) => child.kill(signal),
    ended,
    logged: () => linesOf(readFileSync(logFile, 'utf8')),
  };
  await plugin.until(({ connection }) => connection.step === 'ready');
  return plugin;
}

/** How a plugin differs from the others of its test. */
export interface PluginStart {
  readonly args?: readonly string[];
  readonly statusSocket?: string;
  /** The program and what goes before its command; default: the executable. */
  readonly program?: readonly string[];
}

/** The program as npm installs it. */
export const NODE_PROGRAM: readonly string[] = [
  process.execPath,
  fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url)),
];

/** Asks the plugin behind a socket how it is, as an administrator does. */
function statusOf(statusSocket: string): Status {
  const { stdout, stderr } = spawnSync(EXECUTABLE, ['nri', 'status', '--json', '--status', statusSocket], {
    encoding: 'utf8',
  });
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`no status: ${stdout}${stderr}`);
  }
}

/** Waits until the plugin behind a socket is as asked. */
export function untilStatus(statusSocket: string, isSo: (status: Status) => boolean): Promise<Status> {
  return vi.waitFor(
    () => {
      const status = statusOf(statusSocket);
      if (!isSo(status)) throw new Error(`still not so: ${JSON.stringify(status)}`);
      return status;
    },
    { timeout: 20_000, interval: 50 },
  );
}

function linesOf(text: string): Readonly<Record<string, unknown>>[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    child.once('exit', (status) => resolve(status));
    child.once('error', () => resolve(null));
  });
}
