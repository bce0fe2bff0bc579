import { type Command, Option } from 'commander';
import type { ExitStatus } from './exit-status.ts';

/** What a command does, with its arguments and options. */
export type Action = (...args: never[]) => Promise<ExitStatus>;

/** Binds a command to the function that does it, in a module of its own. */
export type Run = (load: () => Promise<Action>) => (...args: unknown[]) => Promise<void>;

/** Flags of every command: less on standard error, JSON on standard output. */
export function withOutput(command: Command): Command {
  return command
    .option('--quiet', 'no warnings and notes on standard error')
    .option('--json', 'one JSON document on standard output');
}

/** Gives an option that takes one of a few words. */
export function choice(flags: string, description: string, choices: readonly string[], byDefault: string): Option {
  return new Option(flags, description).choices(choices).default(byDefault);
}

/** Gathers the values of an option that may be given again and again. */
export function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}

/** Gives the examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** Gives the option for stages that only the engine knows. */
export function extensionStage(): Option {
  return new Option('--extension-stage <name>', 'a stage that the engine knows besides the six; repeatable').argParser(
    collect,
  );
}
