import { isCreation } from './command-line.ts';
import { prepareCreation } from './creation.ts';
import { tellEngine } from './engine-log.ts';
import type { WrapperCall } from './pass-through.ts';
import { findRuntime } from './runtime-program.ts';
import { namedRuntimes, settingsSource } from './settings.ts';

/**
 * Does what a call asks for and becomes the real runtime. It comes back only when that cannot be; the engine is told why
 * then, and the exit status is set.
 */
export async function answerCall(given: WrapperCall): Promise<void> {
  const { call, program, profile, become } = given;
  try {
    const runtime = isCreation(call.verb) ? await prepareCreation(call, program, profile) : await namedRuntime(profile);
    if (runtime === undefined) process.exitCode = 1;
    else become(runtime);
  } catch (error) {
    tellEngine(call, 'error', error instanceof Error ? error.message : String(error), new Date());
    process.exitCode = 1;
  }
}

async function namedRuntime(profile: string | undefined): Promise<string> {
  const source = settingsSource(process.env);
  return findRuntime(await namedRuntimes(source, profile), source.path);
}
