import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requires } from '../../requirement.ts';
import { config, directoryWith, hooks, run } from './run.ts';

const script = (shell: string): string => hooks(['completion', shell]).stdout;

/** A directory to complete in. */
const place = (): string =>
  directoryWith({ 'config.json': config(), 'with space.json': '{}', 'bundle/x': '', 'hooks.d/x': '', '.rc': '' });

/** What is typed before the tab, and what stands there after it. */
const TYPED = [
  ['a command', 'hooks inj', 'hooks inject '],
  ['a flag', 'hooks inject --prest', 'hooks inject --prestart'],
  ['a choice', 'hooks inject --prestart cr', 'hooks inject --prestart createRuntime '],
  ['a choice behind =', 'hooks inject --duplicates=k', 'hooks inject --duplicates=keep '],
  ['a file for an argument', 'hooks inject con', 'hooks inject config.json '],
  ['a file with a space', 'hooks inject with', 'hooks inject with\\ space.json '],
  ['a file for a flag', 'hooks inject -o con', 'hooks inject -o config.json '],
  ['a directory for a flag', 'hooks list --hooks-dir hoo', 'hooks list --hooks-dir hooks.d/'],
  [
    'an argument behind a flag with a value',
    'hooks inject --prestart prestart con',
    'hooks inject --prestart prestart config.json ',
  ],
  ['a choice for an argument', 'hooks completion z', 'hooks completion zsh '],
  ['a command for help', 'hooks help expl', 'hooks help explain '],
  ['nothing for a text', 'hooks explain --hook con', 'hooks explain --hook con'],
] as const;

/**
 * Types into an interactive shell on a terminal of its own, presses tab, then a key that the shell binds to writing its line
 * to the file `line`.
 */
function typed(command: string, text: string, cwd: string): string {
  const input = `sleep 0.4; printf '%s\\t\\024' ${JSON.stringify(text)}; for i in $(seq 100); do [ -s line ] && break; sleep 0.05; done; printf '\\nexit\\n'`;
  const env = { TERM: 'dumb', PS1: '', HISTFILE: '/dev/null', ZDOTDIR: cwd };
  run(['bash', '-c', `(${input}) | script --quiet --command '${command}' /dev/null`], { cwd, env });
  return existsSync(join(cwd, 'line')) ? readFileSync(join(cwd, 'line'), 'utf8').replace(/\n$/, '') : '';
}

describe.each(['bash', 'zsh', 'fish'] as const)('the script for %s', (shell) => {
  it('names every command and flag of the program', () => {
    const text = script(shell);
    for (const word of ['inject', 'explain', 'validate', 'list', 'convert', 'install', 'uninstall', 'completion']) {
      expect(text).toContain(word);
    }
    expect(text).toContain('strict-permissions');
  });
});

it('is wrong usage for a shell that is not known', () => {
  expect(hooks(['completion', 'tcsh']).status).toBe(2);
});

requires(['bash', 'script'], () => {
  describe('in bash', () => {
    it.each(TYPED)('completes %s', (_title, text, wanted) => {
      const cwd = place();
      writeFileSync(join(cwd, 'rc'), `${script('bash')}\nbind -x '"\\C-t": printf "%s\\n" "$READLINE_LINE" > line'\n`);
      expect(typed('bash --noprofile --rcfile rc -i', text, cwd).trimEnd()).toBe(wanted.trimEnd());
    });
  });
});

requires(['zsh', 'script'], () => {
  describe('in zsh', () => {
    it.each(TYPED)('completes %s', (_title, text, wanted) => {
      const cwd = place();
      writeFileSync(join(cwd, '_hooks'), script('zsh'));
      const setup = [
        `fpath=(${cwd} $fpath)`,
        'autoload -Uz compinit && compinit -u -D',
        'show() { print -r -- "$BUFFER" > line }',
        'zle -N show && bindkey "^T" show',
      ];
      writeFileSync(join(cwd, '.zshrc'), `${setup.join('\n')}\n`);
      expect(typed('zsh -i', text, cwd).replace(/[ =]$/, '')).toBe(wanted.trimEnd());
    });
  });
});

requires('fish', () => {
  describe('in fish', () => {
    it.each(TYPED)('completes %s', (_title, text, wanted) => {
      const cwd = place();
      writeFileSync(join(cwd, 'hooks.fish'), script('fish'));
      const command = `source hooks.fish; complete -C ${JSON.stringify(text)}`;
      const { stdout } = run(['fish', '--no-config', '-c', command], { cwd, env: { XDG_CONFIG_HOME: cwd } });
      const offered = stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[0]);
      const word =
        wanted.trimEnd() === text
          ? ''
          : wanted
              .trimEnd()
              .replace(/^.*(?<!\\) /, '')
              .replace('\\ ', ' ');
      expect(offered).toEqual([word]);
    });
  });
});
