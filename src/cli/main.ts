#!/usr/bin/env node
import type { CommanderError } from 'commander';
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { ConfigError, DefinitionError } from '../core/diagnostic/input-error.ts';
import { diagnosticsAsData } from '../core/diagnostic/render.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { inject } from './commands/inject.ts';
import { EXIT, type ExitStatus, UsageError } from './exit-status.ts';
import { readInjectArguments } from './inject-arguments.ts';
import { writeDiagnostics, writeJson, writeNote } from './output.ts';

/** Runs the program on its arguments and gives its exit status; nothing escapes as a stack trace. */
async function main(args: readonly string[]): Promise<ExitStatus> {
  try {
    const plain = readInjectArguments(args);
    // The one command that is loaded with the program: a container waits for it, and one file is loaded faster than two.
    if (plain) return await inject(plain.path, plain.flags);
    return await runProgram(args);
  } catch (error) {
    const end = args.indexOf('--');
    return failureStatus(error, args.slice(0, end < 0 ? undefined : end).includes('--json'));
  }
}

async function runProgram(args: readonly string[]): Promise<ExitStatus> {
  const { createProgram } = await import('./program.ts');
  let status: ExitStatus = EXIT.done;
  const program = createProgram((ended) => {
    status = ended;
  });
  await program.parseAsync(args, { from: 'user' });
  return status;
}

/** Says what failed: on standard error for people, with `--json` as the one document on standard output (schemas/error.json). */
function failureStatus(failure: unknown, isJson: boolean): ExitStatus {
  if (isCommanderError(failure)) {
    // commander has written its message, or the help that was asked for.
    if (failure.exitCode === 0) return EXIT.done;
    if (isJson) writeFailure('USAGE', failure.message.replace(/^error: /, ''));
    return EXIT.usage;
  }
  if (failure instanceof DefinitionError || failure instanceof ConfigError) {
    const { code, diagnostics } = failure;
    if (isJson) writeFailure(code, 'the input has errors', {}, diagnostics);
    else writeDiagnostics(diagnostics, { warnings: 'none' });
    return EXIT.no;
  }
  if (failure instanceof UsageError) {
    if (isJson) writeFailure('USAGE', failure.message);
    writeNote(`hooks: ${failure.message}\nRun \`${failure.command} --help\` for the usage.`);
    return EXIT.usage;
  }
  if (failure instanceof SystemError) {
    if (isJson) writeFailure(failure.code, failure.message, failure.args);
    writeNote(`hooks: error ${failure.code}: ${failure.message}`);
    return EXIT.system;
  }
  const message = failure instanceof Error ? failure.message : String(failure);
  if (isJson) writeFailure('INTERNAL', message);
  writeNote(`hooks: internal error: ${message}\nPlease report this, with the command and its input.`);
  return EXIT.system;
}

function writeFailure(code: string, message: string, args: object = {}, diagnostics: readonly Diagnostic[] = []): void {
  try {
    writeJson({ error: { code, message, args }, diagnostics: diagnosticsAsData(diagnostics) });
  } catch (error) {
    // Standard output is what failed; standard error says so.
    if (!(error instanceof SystemError)) throw error;
  }
}

/** By its code: the package is not loaded where it is not needed, and the executable shortens the names of classes. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

// All output is written by now, and tearing the engine down in order costs more than a plain start.
process.exit(await main(process.argv.slice(2)));
