import { allCommands, type CommandNode, type ValueNode } from '../command-tree.ts';

/** Gives the completion script for fish 3 or later. */
export function fishCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const branches = commands.flatMap(({ words, commands: inner }) => inner.map((next) => q(`${words} ${next.name}`)));
  const withValue = commands.flatMap(({ words, options }) =>
    options.flatMap(({ flags, value }) => (value ? flags.map((flag) => q(`${words} ${flag}`)) : [])),
  );
  const cases = [
    ...(branches.length > 0
      ? [`            case ${branches.join(' ')}\n                set command "$command $word"`]
      : []),
    ...(withValue.length > 0 ? [`            case ${withValue.join(' ')}\n                set skip 1`] : []),
  ];
  const lines = commands.flatMap((command) => linesOf(root.name, command));
  return `# fish completion for ${root.name}, made by \`${root.name} completion fish\`
function __${root.name}_command
    set -l command ${root.name}
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch "$command $word"
${cases.join('\n')}
        end
    end
    echo $command
end
complete -c ${root.name} -f
${lines.join('\n')}
`;
}

function linesOf(program: string, { words, options, commands, arguments: values }: CommandNode): string[] {
  const start = `complete -c ${program} -n ${q(`test (__${program}_command) = '${words}'`)}`;
  const [first] = values;
  return [
    ...commands.map(({ name, summary }) => `${start} -a ${q(name)} -d ${q(summary)}`),
    ...options.map(({ flags, description, value }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      return `${start} ${names.join(' ')}${value ? ` ${offered(value, true)}` : ''} -d ${q(description)}`;
    }),
    ...(first && commands.length === 0 && offered(first, false) !== '' ? [`${start} ${offered(first, false)}`] : []),
  ];
}

function offered({ kind, choices }: ValueNode, isOption: boolean): string {
  const exclusive = isOption ? '-x ' : '';
  if (choices.length > 0) return `${exclusive}-a ${q(choices.join(' '))}`;
  if (kind === 'directory') return `${exclusive}-a '(__fish_complete_directories)'`;
  if (kind === 'file') return isOption ? '-r -F' : '-F';
  return isOption ? '-x' : '';
}

/** Quotes a text for fish. */
function q(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
