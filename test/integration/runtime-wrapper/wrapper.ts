import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a run left: its exit status, null when a signal ended it, and its output as text. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Builds the single executable, once for all tests, and gives its path. */
export function executable(): string {
  const path = `${root}.cache/test-exe/hooks`;
  const built = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > statSync(`${root}dist/cli/main.js`).mtimeMs) return path;
  const args = [`${root}scripts/build-executable.js`, '--outdir', `${root}.cache/test-exe`];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the executable was not built:\n${stderr}`);
  return path;
}

/** A directory with a wrapper, its settings and hooks directories: all of it the test's own, and safe by the trust rule. */
export interface WrapperPlace {
  readonly work: string;
  /** The program, under the name `hooks-runtime-NAME`. */
  readonly program: string;
  readonly hooksDir: string;
  readonly log: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly configure: (settings: object) => void;
  readonly define: (name: string, definition: object) => void;
  readonly run: (args: readonly string[], options?: RunOptions) => Outcome;
  /** The lines of the wrapper's log. */
  readonly logged: () => readonly Readonly<Record<string, unknown>>[];
}

/** How the wrapper is run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly program?: string;
}

/** Makes a place for one test; it is removed when the test is over. */
export function wrapperPlace(settings: object = {}): WrapperPlace {
  const work = mkdtempSync('/tmp/hooks-wrapper-');
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  const hooksDir = join(work, 'hooks.d');
  const program = join(work, 'hooks-runtime');
  const log = join(work, 'wrapper.log');
  mkdirSync(hooksDir, { mode: 0o755 });
  chmodSync(work, 0o755);
  symlinkSync(executable(), program);
  const config = join(work, 'runtime.yaml');
  const environment = { PATH: process.env['PATH'], OCI_HOOKS_CONFIG: config };
  const place: WrapperPlace = {
    work,
    program,
    hooksDir,
    log,
    environment,
    configure: (given) => {
      writeFileSync(config, stringify({ hooksDirs: [hooksDir], log: 'file', logFile: log, ...given }), { mode: 0o644 });
    },
    define: (name, definition) => {
      const whole = { version: '1.0.0', when: { always: true }, stages: ['createRuntime'], ...definition };
      writeFileSync(join(hooksDir, name), JSON.stringify(whole), { mode: 0o644 });
    },
    run: (args, options = {}) => {
      const { status, stdout, stderr } = spawnSync(options.program ?? program, args, {
        cwd: options.cwd ?? work,
        env: { ...environment, ...options.environment },
        encoding: 'utf8',
        timeout: 30_000,
      });
      return { status, stdout, stderr };
    },
    logged: () =>
      readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
  };
  place.configure(settings);
  return place;
}

/** Writes a script that stands for a runtime, and gives its path. */
export function script(place: WrapperPlace, name: string, text: string): string {
  const path = join(place.work, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

/** Makes a bundle of a config alone, and gives its path. */
export function bareBundle(place: WrapperPlace, name: string, config: object = { process: { args: ['sh'] } }): string {
  const bundle = join(place.work, name);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, 'config.json'), JSON.stringify({ ociVersion: '1.0.2', ...config }));
  return bundle;
}

/** Reads a bundle's config. */
export function configOf(bundle: string): { readonly hooks?: Readonly<Record<string, readonly HookEntry[]>> } {
  return JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8'));
}

/** An entry of a config's hooks. */
export interface HookEntry {
  readonly path: string;
  readonly args?: readonly string[];
  readonly timeout?: number;
}
