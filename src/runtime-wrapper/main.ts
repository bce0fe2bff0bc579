#!/usr/bin/env node
import { basename } from 'node:path';
import { becomeProgram } from '../linux/process/become-program.ts';
import { type OwnStart, readOwnStart } from '../linux/process/own-start.ts';
import { isCreation, parseCommandLine } from './command-line.ts';
import { tellEngine } from './engine-log.ts';
import { rememberedRuntime } from './runtime-program.ts';

/** What the program is called; a name that goes on chooses a profile. */
const PROGRAM = 'hooks-runtime';

/** Does what the call asks for and becomes the real runtime; it comes back only when that cannot be. */
async function main(): Promise<void> {
  const start = readOwnStart();
  const call = parseCommandLine(start.args.map((argument) => Buffer.from(argument).toString()));
  const program = basename(start.name).replace(/\.js$/, '');
  try {
    if (isCreation(call.verb)) {
      const { prepareCreation } = await import('./creation.ts');
      const runtime = await prepareCreation(call, program, profileOf(program));
      if (runtime === undefined) process.exitCode = 1;
      else become(runtime, start);
      return;
    }
    become(process.env['OCI_HOOKS_CONFIG'] ? await namedRuntime(program) : await usualRuntime(program), start);
  } catch (error) {
    tellEngine(call, 'error', error instanceof Error ? error.message : String(error), new Date());
    process.exitCode = 1;
  }
}

function become(path: string, { args, environment }: OwnStart): never {
  return becomeProgram({ path, argv: [Buffer.from(path), ...args], environment });
}

/** The runtime that made the last container: what is said of it must go to the same one, whatever the settings say now. */
async function usualRuntime(program: string): Promise<string> {
  return rememberedRuntime(program) ?? (await namedRuntime(program));
}

async function namedRuntime(program: string): Promise<string> {
  const [{ namedRuntimes, settingsSource }, { findRuntime }] = await Promise.all([
    import('./settings.ts'),
    import('./runtime-program.ts'),
  ]);
  const source = settingsSource(process.env);
  return findRuntime(await namedRuntimes(source, profileOf(program)), source.path);
}

function profileOf(program: string): string | undefined {
  return program.startsWith(`${PROGRAM}-`) ? program.slice(PROGRAM.length + 1) : undefined;
}

await main();
