import type { EventEmitter } from 'node:events';
import type { Argument, Command, Option } from 'commander';

/** What a value of the command line stands for: what a shell offers for it. */
export type ValueKind = 'file' | 'directory' | 'text';

/** A value that an option or an argument takes. */
export interface ValueNode {
  readonly name: string;
  readonly kind: ValueKind;
  readonly choices: readonly string[];
  readonly isOptional: boolean;
  readonly isList: boolean;
}

/** One option of a command, with the texts of its help. */
export interface OptionNode {
  readonly flags: readonly string[];
  /** As the help writes it: `-o, --output <file>`. */
  readonly usage: string;
  readonly description: string;
  readonly value?: ValueNode;
  readonly byDefault?: string;
}

/** One argument of a command. */
export interface ArgumentNode extends ValueNode {
  readonly description: string;
}

/** One command of the program: all that completions, man pages and the reference are made from. */
export interface CommandNode {
  /** `hooks inject`. */
  readonly words: string;
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly arguments: readonly ArgumentNode[];
  readonly commands: readonly CommandNode[];
  /** What the help says after the options: examples, exit status. */
  readonly after: string;
}

/** Gives a program, or one of its commands, as data, without what is hidden. */
export function commandTree(command: Command, above: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  const path = [...above, command.name()];
  const words = path.join(' ');
  const commands = help.visibleCommands(command).map((inner) => commandTree(inner, path));
  return {
    words,
    name: command.name(),
    usage: `${words} ${command.usage()}`.trim(),
    summary: command.summary() || command.description(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionNode),
    arguments: command.registeredArguments.map((argument) => ({
      ...argumentValue(argument),
      description: argument.description,
    })),
    commands: commands.map((inner) => (inner.name === 'help' ? withCommandNames(inner, commands) : inner)),
    after: textAfterHelp(command),
  };
}

/** The argument of `help` is the name of a command beside it. */
function withCommandNames(help: CommandNode, commands: readonly CommandNode[]): CommandNode {
  const choices = commands.map(({ name }) => name).filter((name) => name !== 'help');
  return { ...help, arguments: help.arguments.map((argument) => ({ ...argument, choices })) };
}

function optionNode(option: Option): OptionNode {
  const { defaultValue } = option;
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    usage: option.flags,
    description: option.description,
    ...((option.required || option.optional) && { value: optionValue(option) }),
    ...(typeof defaultValue === 'string' && { byDefault: defaultValue }),
  };
}

function optionValue(option: Option): ValueNode {
  const name = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';
  const { argChoices, optional, variadic } = option;
  return { name, kind: kindOf(name), choices: argChoices ?? [], isOptional: optional, isList: variadic };
}

function argumentValue(argument: Argument): ValueNode {
  const name = argument.name();
  const { argChoices, required, variadic } = argument;
  return { name, kind: kindOf(name), choices: argChoices ?? [], isOptional: !required, isList: variadic };
}

/** The name of a value in the help tells what it stands for. */
function kindOf(name: string): ValueKind {
  if (name === 'dir') return 'directory';
  return ['file', 'path', 'config', 'bundle', 'runtime'].includes(name) ? 'file' : 'text';
}

/** commander keeps the texts of `addHelpText` as listeners; it calls them like this when it prints the help. */
function textAfterHelp(command: Command): string {
  let text = '';
  const write = (part: string): void => {
    text += part;
  };
  // A Command is an EventEmitter, which its types leave out.
  (command as unknown as EventEmitter).emit('afterHelp', { error: false, command, write });
  return text.trim();
}

/** Gives a command and all beneath it, each before its own. */
export function allCommands(root: CommandNode): readonly CommandNode[] {
  return [root, ...root.commands.flatMap(allCommands)];
}
