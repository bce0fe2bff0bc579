import { SystemError } from '../core/diagnostic/system-error.ts';
import { textOf } from '../linux/libc/c-text.ts';
import { becomeProgram } from '../linux/process/become-program.ts';
import { type OwnStart, readOwnStart } from '../linux/process/own-start.ts';
import { isCreation, parseCommandLine, type RuntimeCall } from './command-line.ts';
import { notedRuntime } from './noted-runtime.ts';

/** What the program is called; a name that goes on chooses a profile. */
const PROGRAM = 'hooks-runtime';

/** A call of the wrapper that has to be looked into before it can become the runtime. */
export interface WrapperCall {
  readonly call: RuntimeCall;
  /** The name that we were started under, without the directory. */
  readonly program: string;
  /** What the name chooses in the settings. */
  readonly profile: string | undefined;
  /** Becomes a runtime, which gets the arguments and the environment that we got; it comes back only by throwing. */
  readonly become: (runtime: string) => never;
}

/**
 * Becomes the runtime that made the last container under this name: what is said of a container must go to the same one,
 * whatever the settings say now. It comes back, with the call, when a container is to be made, when no runtime is noted or
 * it does not start, and when the caller names settings of its own.
 *
 * Engines call several times for each container and wait for each call, so this much is loaded for it and no more: no
 * package, no node:fs, no settings.
 *
 * @throws {SystemError} `SYSCALL_UNKNOWN`
 */
export function passThrough(): WrapperCall {
  const start = readOwnStart();
  const args: string[] = [];
  for (const argument of start.args) args.push(textOf(argument));
  const call = parseCommandLine(args);
  const program = programName(start.name);
  const profile = program.startsWith(`${PROGRAM}-`) ? program.slice(PROGRAM.length + 1) : undefined;
  const become = (path: string): never => becomeRuntime(path, start);
  const noted = isCreation(call.verb) || process.env['OCI_HOOKS_CONFIG'] ? undefined : notedRuntime(program);
  try {
    if (noted !== undefined) become(noted);
  } catch (error) {
    // The settings may name another one, and what is wrong is said when that does not start either.
    if (!(error instanceof SystemError) || error.code !== 'PROGRAM_EXEC') throw error;
  }
  return { call, program, profile, become };
}

function becomeRuntime(path: string, { args, environment }: OwnStart): never {
  return becomeProgram({ path, argv: [new TextEncoder().encode(path), ...args], environment });
}

/** Gives the last part of a path, and the program's name for the file that Node is given. */
function programName(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name === 'main.js' ? PROGRAM : name;
}
