import { allCommands, type CommandNode, type ValueNode } from '../command-tree.ts';

/** Gives the completion script for bash 4 or later; it needs no other. */
export function bashCompletion(root: CommandNode): string {
  const commands = allCommands(root);
  const branches = commands.flatMap(({ words, commands: inner }) => inner.map((next) => q(`${words} ${next.name}`)));
  const withValue = commands.flatMap(({ words, options }) =>
    options.flatMap(({ flags, value }) => (value ? flags.map((flag) => ({ words: `${words} ${flag}`, value })) : [])),
  );
  return `# bash completion for ${root.name}, made by \`${root.name} completion bash\`
_${root.name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} command=${root.name} word i
  local prev=\${COMP_WORDS[COMP_CWORD - 1]} onlyArguments=
  # readline takes --flag=value for three words
  if [[ $cur == '=' ]]; then
    cur=
  elif [[ $prev == '=' ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == '--' ]]; then
      onlyArguments=1
      break
    fi
    case "$command $word" in
${branches.length > 0 ? `      ${branches.join(' | ')}) command="$command $word" ;;\n` : ''}${withValue.length > 0 ? `      ${withValue.map(({ words }) => q(words)).join(' | ')})\n        [[ \${COMP_WORDS[i + 1]} == '=' ]] && ((i += 1))\n        ((i += 1))\n        ;;\n` : ''}    esac
  done
  COMPREPLY=()
  if [[ ! $onlyArguments ]]; then
    case "$command $prev" in
${withValue.map(({ words, value }) => `      ${q(words)}) ${offer(value)}; return ;;\n`).join('')}    esac
    if [[ $cur == -* ]]; then
      case "$command" in
${commands.map(({ words, options }) => `        ${q(words)}) ${offerWords(options.flatMap(({ flags }) => flags))} ;;\n`).join('')}      esac
      return
    fi
  fi
  case "$command" in
${commands.map((command) => `    ${q(command.words)}) ${offerArguments(command)} ;;\n`).join('')}  esac
}
complete -F _${root.name} ${root.name}
`;
}

/** Quotes a text for bash. */
function q(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function offerWords(words: readonly string[]): string {
  return `mapfile -t COMPREPLY < <(compgen -W ${q(words.join(' '))} -- "$cur")`;
}

function offer({ kind, choices }: ValueNode): string {
  if (choices.length > 0) return offerWords(choices);
  if (kind === 'text') return ':';
  return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -${kind === 'file' ? 'f' : 'd'} -- "$cur")`;
}

function offerArguments({ commands, arguments: values }: CommandNode): string {
  if (commands.length > 0) return offerWords(commands.map(({ name }) => name));
  const [first] = values;
  return first ? offer(first) : ':';
}
