import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { EXECUTABLE } from '../../build-executable.ts';

/** The root of the checkout. */
export const ROOT: string = fileURLToPath(new URL('../../..', import.meta.url));

/** The program as users run it: built, under Node. */
export const MAIN: string = join(ROOT, 'dist/cli/main.js');

/** The words that start the program: under Node, or the single executable in the test project `executable`. */
export const PROGRAM: readonly string[] =
  process.env['HOOKS_TEST_PROGRAM'] === 'executable' ? [EXECUTABLE] : [process.execPath, MAIN];

/** What a run left. `signal` is set when it did not end by itself. */
export interface Run {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a run is made. `env` replaces the environment but for PATH and the home directory. */
export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

/** Runs `hooks` with these arguments, at most 30 s. */
export function hooks(args: readonly string[], options: RunOptions = {}): Run {
  return run([...PROGRAM, ...args], options);
}

/** Runs a shell command in which `"$@"` is the program and these arguments: for redirections. */
export function hooksInShell(command: string, args: readonly string[], options: RunOptions = {}): Run {
  return run(['bash', '-c', command, 'bash', ...PROGRAM, ...args], options);
}

/** Runs any program, at most 30 s. */
export function run([program = '', ...args]: readonly string[], options: RunOptions = {}): Run {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    input: options.input ?? '',
    encoding: 'utf8',
    timeout: 30_000,
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  });
  if (error) throw error;
  return { status, signal, stdout, stderr };
}

/** Gives the one JSON document on a run's standard output. */
export function json<T = Readonly<Record<string, unknown>>>({ stdout, stderr }: Run): T {
  try {
    // The caller names the shape; the test that reads it fails when it is another.
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`standard output is no JSON: ${stdout}\n${stderr}`);
  }
}

/** Makes a directory that goes away with the test, holding these files: path to text, or to a value written as JSON. */
export function directoryWith(files: Readonly<Record<string, unknown>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'hooks-cli-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return directory;
}

/** Gives a definition of format 1.0.0 that runs /usr/bin/true. */
export function definition(when: object = { always: true }, rest: object = {}): object {
  return { version: '1.0.0', hook: { path: '/usr/bin/true' }, when, stages: ['createRuntime'], ...rest };
}

/** Gives a small config.json. */
export function config(rest: object = {}): object {
  return { ociVersion: '1.0.2', process: { args: ['/bin/sh'] }, annotations: { gpu: 'all' }, ...rest };
}
