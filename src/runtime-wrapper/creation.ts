import { ConfigError, DefinitionError } from '../core/diagnostic/input-error.ts';
import { diagnosticText, renderHeadline } from '../core/diagnostic/render.ts';
import type { RuntimeCall } from './command-line.ts';
import { createRecord, writeCreateRecord } from './create-log.ts';
import { tellEngine } from './engine-log.ts';
import { type Injection, injectHooks } from './injection.ts';
import { findRuntime, noteRuntime } from './runtime-program.ts';
import { loadSettings, type RuntimeSettings, settingsSource } from './settings.ts';

/**
 * Does what goes before the making of a container, and gives the runtime that makes it: hooks are injected into the
 * bundle, the engine is told what went wrong, the log gets its line. Undefined means that the container must not be made.
 *
 * @param program - the name that ours was started under
 * @throws {ConfigError} for the settings, {SystemError} `RUNTIME_MISSING`
 */
export async function prepareCreation(
  call: RuntimeCall,
  program: string,
  profile: string | undefined,
): Promise<string | undefined> {
  const started = performance.now();
  const source = settingsSource(process.env);
  const settings = await loadSettingsOrTell(call, () => loadSettings(source, profile));
  if (settings === undefined) return undefined;
  const runtime = findRuntime(settings.runtime, source.path);
  if (!process.env['OCI_HOOKS_CONFIG']) noteRuntime(program, runtime);
  const done = await attempt(() => injectHooks(call, settings));
  const now = new Date();
  const failure = 'reason' in done ? failureOf(done.reason, settings) : undefined;
  const injection = 'reason' in done ? undefined : done.injection;
  const milliseconds = Math.round((performance.now() - started) * 10) / 10;
  const about = { call, program, runtime, failure, now, milliseconds };
  const problem =
    settings.log === 'none' ? undefined : await writeCreateRecord(createRecord(injection, about), settings);
  const unlogged = problem === undefined ? [] : [`no line was logged: ${problem}`];
  // In one line: Podman shows no more than one, and chooses by words such as "permission denied".
  if (failure) tellEngine(call, failure.level, [failure.message, ...unlogged].join('; '), now);
  else if (problem !== undefined) tellEngine({ logFormat: 'text' }, 'warning', unlogged.join(' '), now);
  return failure?.level === 'error' ? undefined : runtime;
}

/** Settings with a mistake say nothing about `onError` that could be relied on: the container is not made. */
async function loadSettingsOrTell(
  call: RuntimeCall,
  load: () => Promise<RuntimeSettings>,
): Promise<RuntimeSettings | undefined> {
  try {
    return await load();
  } catch (error) {
    tellEngine(call, 'error', messageOf(error), new Date());
    return undefined;
  }
}

type Attempt = { readonly injection: Injection | undefined } | { readonly reason: unknown };

async function attempt(inject: () => Promise<Injection | undefined>): Promise<Attempt> {
  try {
    return { injection: await inject() };
  } catch (reason) {
    return { reason };
  }
}

function failureOf(
  reason: unknown,
  { onError }: RuntimeSettings,
): { readonly level: 'warning' | 'error'; readonly message: string } {
  const message = messageOf(reason);
  if (onError === 'fail') return { level: 'error', message };
  return { level: 'warning', message: `the container is made without hooks (onError: skip): ${message}` };
}

/** Gives every error in one line, each with what mends it: engines show no more than a line. */
function messageOf(error: unknown): string {
  if (error instanceof ConfigError || error instanceof DefinitionError) {
    return error.diagnostics
      .filter(({ severity }) => severity === 'error')
      .map((diagnostic) => `${renderHeadline(diagnostic)} (fix: ${diagnosticText(diagnostic).fix})`)
      .join('; ');
  }
  return error instanceof Error ? error.message : String(error);
}
