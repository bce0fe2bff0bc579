import { describe, expect, it } from 'vitest';
import { requires, root } from '../../requirement.ts';
import { config, definition, directoryWith, hooks, hooksInShell, PROGRAM, run } from './run.ts';

describe('standard input', () => {
  it('is the config for -', () => {
    const directory = directoryWith({ 'd/10.json': definition() });
    const text = JSON.stringify(config());
    const { status, stdout } = hooks(['inject', '--hooks-dir', 'd', '-'], { cwd: directory, input: text });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ...config(),
      hooks: { createRuntime: [{ path: '/usr/bin/true' }] },
    });
  });

  it('is read to its end from a slow writer', () => {
    const text = JSON.stringify(config({ padding: 'x'.repeat(300_000) }));
    const directory = directoryWith({ 'config.json': text });
    const command = '(head -c 100000 config.json; sleep 0.2; tail -c +100001 config.json) | "$@"';
    expect(hooksInShell(command, ['inject', '--hooks-dir', 'none', '-'], { cwd: directory }).stdout).toBe(text);
  });

  it('that is closed is a clear error', () => {
    const { status, stdout, stderr } = hooksInShell('"$@" <&-', ['inject', '-']);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('<stdin>:1:1: error CONFIG_SYNTAX: ');
  });

  it('that is a directory is a clear error', () => {
    const { status, stderr } = hooksInShell('"$@" < /', ['inject', '-']);
    expect(status).toBe(3);
    expect(stderr).toContain('STDIN_READ');
    expect(stderr).toContain('EISDIR');
  });
});

describe('standard output', () => {
  const long = JSON.stringify(config({ padding: 'x'.repeat(4_000_000) }));

  it('closed early ends the program quietly', () => {
    const directory = directoryWith({ 'config.json': long });
    const args = ['inject', '--quiet', '--hooks-dir', 'none', 'config.json'];
    const command = '"$@" | head -c 5; echo; echo $PIPESTATUS';
    const { stdout, stderr } = hooksInShell(command, args, { cwd: directory });
    expect(stderr).toBe('');
    expect(stdout).toBe('{"oci\n0\n');
  });

  it('to a slow reader is written to the end', () => {
    const directory = directoryWith({ 'config.json': long });
    const args = ['inject', '--quiet', '--hooks-dir', 'none', 'config.json'];
    const command = '"$@" | (sleep 0.2; wc -c)';
    expect(hooksInShell(command, args, { cwd: directory }).stdout.trim()).toBe(String(long.length));
  });

  it('that is full is an error of the system', () => {
    const { status, stderr } = hooksInShell('"$@" > /dev/full', ['inject', '--hooks-dir', 'none', '-'], {
      input: JSON.stringify(config()),
    });
    expect(status).toBe(3);
    expect(stderr).toContain('STDOUT_WRITE');
  });

  it('that is full is one too with --json', () => {
    const { status, stderr } = hooksInShell('"$@" > /dev/full', ['list', '--json', '--hooks-dir', 'none']);
    expect(status).toBe(3);
    expect(stderr).toContain('STDOUT_WRITE');
    expect(stderr).not.toContain('    at ');
  });

  it('that is closed is no crash', () => {
    const { status, stderr } = hooksInShell('"$@" >&-', ['list', '--json', '--hooks-dir', 'none']);
    expect(status).not.toBeNull();
    expect(stderr).not.toContain('    at ');
  });
});

describe('standard error', () => {
  it('that is closed or full changes nothing', () => {
    const input = JSON.stringify(config());
    for (const redirection of ['2>&-', '2> /dev/full']) {
      const result = hooksInShell(`"$@" ${redirection}`, ['inject', '--hooks-dir', 'none', '-'], { input });
      expect(result).toMatchObject({ status: 0, stdout: input });
    }
  });
});

describe('colour', () => {
  const coloured = (env: Readonly<Record<string, string>>): boolean[] => {
    const directory = directoryWith({ 'config.json': config(), 'd/10.json': definition(), 'bad/10.json': '{' });
    const explained = hooks(['explain', '--hooks-dir', 'd', 'config.json'], { cwd: directory, env });
    const differs = hooks(['inject', '--dry-run', '--hooks-dir', 'd', 'config.json'], { cwd: directory, env });
    const refused = hooks(['validate', 'bad'], { cwd: directory, env });
    return [explained.stdout, differs.stdout, refused.stderr].map((text) => text.includes('\u001b['));
  };

  it('is left out in a pipe', () => {
    expect(coloured({})).toEqual([false, false, false]);
  });

  it('comes with FORCE_COLOR', () => {
    expect(coloured({ FORCE_COLOR: '1' })).toEqual([true, true, true]);
  });

  it('is left out with NO_COLOR', () => {
    expect(coloured({ NO_COLOR: '1' })).toEqual([false, false, false]);
  });

  requires(['script'], () => {
    const onTerminal = (env: Readonly<Record<string, string>>): string => {
      const directory = directoryWith({ 'config.json': config(), 'd/10.json': definition() });
      const command = [...PROGRAM, 'explain', '--hooks-dir', 'd', 'config.json'].join(' ');
      const env2 = { TERM: 'xterm-256color', ...env };
      return run(['script', '--quiet', '--command', command, '/dev/null'], { cwd: directory, env: env2 }).stdout;
    };

    it('comes on a terminal', () => {
      expect(onTerminal({})).toContain('\u001b[');
    });

    it('is left out on a terminal with NO_COLOR', () => {
      expect(onTerminal({ NO_COLOR: '1' })).not.toContain('\u001b[');
    });
  });
});

describe('texts from outside never reach a terminal raw', () => {
  // A colour that hides, a title, a C1 control sequence, a direction override.
  const hostile = '\u001b[8m\u001b]0;x\u0007\u009b2J\u202e';

  it('in names, patterns, values, arguments and errors of every command', () => {
    const name = `${hostile}.json`;
    const directory = directoryWith({
      'config.json': config({ annotations: { [hostile]: hostile }, process: { args: [hostile] } }),
      [`d/${name}`]: definition({ annotations: { '.*': hostile.replaceAll('[', '\\['), [hostile]: '.*' } }),
      [`ok/${name}`]: definition({ annotations: { '.*': '.*' }, commands: ['.*'] }),
      [`same/${name}`]: definition(),
      [`gone/10${name}`]: definition({}, { hook: { path: `/nowhere/${hostile}` } }),
      [`bad/${name}`]: `{"${'\u009b'}": ${'\u009b'}`,
      [`yaml/${name}.yaml`]: `${hostile}: [`,
      [hostile]: '{',
    });
    const runs = [
      ['inject', '--hooks-dir', 'ok', '--dry-run', hostile],
      ['inject', '--hooks-dir', 'ok', '--dry-run', '--json', 'config.json'],
      ['inject', '--hooks-dir', 'bad', 'config.json'],
      ['inject', `${hostile}/nowhere`],
      ['inject', '--quiet', '-o', `nowhere/${hostile}`, 'config.json'],
      ['explain', '--hooks-dir', 'ok', '--hooks-dir', 'same', '--hooks-dir', 'gone', 'config.json'],
      ['explain', '--hooks-dir', 'ok', '--json', 'config.json'],
      ['explain', '--hook', hostile, 'config.json'],
      ['explain', '--hooks-dir', 'd', 'config.json'],
      ['list', '--hooks-dir', 'ok', '--hooks-dir', 'same', '--hooks-dir', 'gone'],
      ['list', '--hooks-dir', 'ok', '--hooks-dir', 'same', '--hooks-dir', 'gone', '--json'],
      ['validate', 'bad', 'yaml', 'gone', 'd', `${hostile}nowhere`],
      ['validate', '--json', 'bad', 'yaml', 'gone', 'd'],
      [hostile],
      ['list', `--${hostile}`],
      ['list', `--${hostile}`, '--json'],
    ];
    for (const args of runs) {
      const { stdout, stderr } = hooks(args, { cwd: directory });
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
      expect(stdout + stderr).not.toBe('');
    }
  });

  it('in a diff on a terminal, while a file gets them as they are', () => {
    const directory = directoryWith({
      'config.json': JSON.stringify(config({ title: '\u009b2J' }), null, 2),
      'd/10.json': definition(),
    });
    const args = ['inject', '--quiet', '--dry-run', '--hooks-dir', 'd', 'config.json'];
    expect(hooks(args, { cwd: directory }).stdout).toContain('\u009b2J');
    const command = [...PROGRAM, ...args].join(' ');
    const shown = run(['script', '--quiet', '--command', command, '/dev/null'], { cwd: directory }).stdout;
    expect(shown).toContain('\\u009b2J');
    expect(shown).not.toContain('\u009b');
  });
});

requires([root], () => {
  it('a file that may not be read is an error of the system', () => {
    const directory = directoryWith({ 'config.json': config() });
    const command = 'chmod 711 . && chmod 600 config.json && exec setpriv --reuid 65534 --clear-groups "$@"';
    const { status, stderr } = hooksInShell(command, ['inject', 'config.json'], { cwd: directory });
    expect(status).toBe(3);
    expect(stderr).toContain('EACCES');
  });
});
