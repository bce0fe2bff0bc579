#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ConfigError, DefinitionError } from '../core/diagnostic/input-error.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { EXIT, type ExitStatus, UsageError } from './exit-status.ts';
import { diagnosticsAsData, writeDiagnostics, writeJson, writeNote } from './output.ts';
import { createProgram } from './program.ts';

/** Runs the program on its arguments and gives its exit status; nothing escapes as a stack trace. */
async function main(args: readonly string[]): Promise<ExitStatus> {
  const isJson = args.includes('--json');
  let status: ExitStatus = EXIT.done;
  try {
    const program = createProgram((ended) => {
      status = ended;
    });
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    return failureStatus(error, isJson);
  }
}

function failureStatus(error: unknown, isJson: boolean): ExitStatus {
  if (error instanceof CommanderError) {
    // commander has written its message, or the help that was asked for.
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  if (error instanceof DefinitionError || error instanceof ConfigError) {
    if (isJson) writeJson({ diagnostics: diagnosticsAsData(error.diagnostics) });
    else writeDiagnostics(error.diagnostics, { warnings: 'none' });
    return EXIT.no;
  }
  if (error instanceof UsageError) {
    writeNote(`hooks: ${error.message}\nRun \`hooks --help\` for the usage.`);
    return EXIT.usage;
  }
  if (!(error instanceof SystemError)) {
    const message = error instanceof Error ? error.message : String(error);
    writeNote(`hooks: internal error: ${message}\nPlease report this, with the command and its input.`);
    return EXIT.system;
  }
  if (isJson) writeJson({ error: { code: error.code, args: error.args, message: error.message } });
  writeNote(`hooks: error ${error.code}: ${error.message}`);
  return EXIT.system;
}

process.exitCode = await main(process.argv.slice(2));
