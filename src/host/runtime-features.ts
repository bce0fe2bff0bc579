import { type ExecFileException, execFile } from 'node:child_process';
import { isObject } from '../core/definition/keys.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { reasonOf } from './write-file.ts';

/** What `RUNTIME features` says, as far as hooks go. Source: OCI runtime-spec 1.1, features.md. */
export interface RuntimeFeatures {
  /** The stages it runs; undefined when it does not say. */
  readonly hooks?: readonly string[];
}

const TIMEOUT_MILLISECONDS = 5_000;
const OUTPUT_LIMIT = 1024 * 1024;

/**
 * Asks an OCI runtime for its features.
 *
 * @throws {SystemError} `RUNTIME_FEATURES` when it cannot be run, fails, or prints something else
 */
export async function readRuntimeFeatures(path: string): Promise<RuntimeFeatures> {
  const fail = (reason: string, cause?: unknown): SystemError =>
    new SystemError('RUNTIME_FEATURES', { path, reason }, { cause });
  const printed = await new Promise<string>((resolve, reject) => {
    const options = { timeout: TIMEOUT_MILLISECONDS, maxBuffer: OUTPUT_LIMIT, killSignal: 'SIGKILL' } as const;
    execFile(path, ['features'], options, (error, stdout, stderr) => {
      if (error) reject(fail(whyItFailed(error, stderr), error));
      else resolve(stdout);
    });
  });
  let features: unknown;
  try {
    features = JSON.parse(printed);
  } catch (error) {
    throw fail('it did not print JSON', error);
  }
  if (!isObject(features)) throw fail('it did not print a JSON object');
  const { hooks } = features;
  if (hooks === undefined || hooks === null) return {};
  if (!Array.isArray(hooks)) throw fail('"hooks" is not a list');
  return { hooks: hooks.map(String) };
}

function whyItFailed(error: ExecFileException, stderr: string): string {
  if (error.killed) return `no answer within ${TIMEOUT_MILLISECONDS / 1000} s, or too long a one`;
  if (error.signal) return `killed by ${error.signal}`;
  if (typeof error.code !== 'number') return reasonOf(error);
  const last = stderr.trimEnd().split('\n').at(-1)?.trim();
  return `exit status ${error.code}${last ? `: ${last}` : ''}`;
}
