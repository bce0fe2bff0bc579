import { allCommands, type CommandNode, type OptionNode, type ValueNode } from '../command-tree.ts';

/** Gives the completion script for zsh: for a file `_hooks` in `fpath`, or to be sourced. */
export function zshCompletion(root: CommandNode): string {
  const functions = allCommands(root).map((command) =>
    command.commands.length > 0 ? functionOfGroup(command) : functionOfLeaf(command),
  );
  return `#compdef ${root.name}
# zsh completion for ${root.name}, made by \`${root.name} completion zsh\`

${functions.join('\n')}
if [[ $funcstack[1] == _${root.name} ]]; then
  _${root.name} "$@"
else
  compdef _${root.name} ${root.name}
fi
`;
}

function functionName({ words }: CommandNode): string {
  return `_${words.replaceAll(/[^a-z0-9]+/gi, '_')}`;
}

function functionOfLeaf(command: CommandNode): string {
  const specs = [...command.options.map(optionSpec), ...command.arguments.map(argumentSpec)];
  return `${functionName(command)}() {
  _arguments -s -S ${specs.map((spec) => `\\\n    ${spec}`).join(' ')}
}
`;
}

function functionOfGroup(command: CommandNode): string {
  const summaries = command.commands.map(({ name, summary }) => q(`${name.replaceAll(':', '\\:')}:${summary}`));
  const branches = command.commands.map((inner) => `        ${q(inner.name)}) ${functionName(inner)} && ret=0 ;;`);
  return `${functionName(command)}() {
  local curcontext="$curcontext" state line ret=1
  local -a commands
  _arguments -C ${command.options.map((option) => `\\\n    ${optionSpec(option)}`).join(' ')} \\
    '1: :->command' '*:: :->argument' && ret=0
  case $state in
    command)
      commands=(${summaries.map((text) => `\n        ${text}`).join('')}
      )
      _describe -t commands command commands && ret=0
      ;;
    argument)
      curcontext="\${curcontext%:*:*}:${command.words.replaceAll(' ', '-')}-$line[1]:"
      case $line[1] in
${branches.join('\n')}
      esac
      ;;
  esac
  return ret
}
`;
}

function optionSpec({ flags, description, value }: OptionNode): string {
  // `*` lets an option come again; one that may not is told so by the program itself.
  const taken = value ? `:${described(value.name)}:${actionOf(value)}` : '';
  return flags
    .map((flag) => q(`*${flag}${value && flag.startsWith('--') ? '=' : ''}[${described(description)}]${taken}`))
    .join(' ');
}

function argumentSpec(argument: ValueNode & { readonly description: string }): string {
  return q(`${argument.isList ? '*' : ''}:${described(argument.description || argument.name)}:${actionOf(argument)}`);
}

function actionOf({ kind, choices }: ValueNode): string {
  if (choices.length > 0) return `(${choices.join(' ')})`;
  if (kind === 'text') return ' ';
  return kind === 'file' ? '_files' : '_files -/';
}

/** Escapes what `_arguments` reads in a description. */
function described(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, '\\$&');
}

/** Quotes a text for zsh. */
function q(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
