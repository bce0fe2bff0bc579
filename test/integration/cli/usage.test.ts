import { describe, expect, it } from 'vitest';
import { config, definition, directoryWith, hooks, hooksInShell, json } from './run.ts';

const COMMANDS = ['inject', 'explain', 'validate', 'list', 'convert', 'install', 'uninstall', 'doctor', 'completion'];

describe('wrong usage ends with status 2', () => {
  it.each([
    ['no command', []],
    ['an unknown command', ['injcet']],
    ['an unknown flag', ['list', '--hook-dir', 'x']],
    ['a missing argument', ['inject']],
    ['one argument too many', ['inject', 'a', 'b']],
    ['a choice that does not exist', ['inject', '--prestart', 'poststop', 'config.json']],
    ['a flag without its value', ['list', '--hooks-dir']],
    ['--in-place for standard input', ['inject', '--in-place', '-']],
    ['--in-place with --output', ['inject', '--in-place', '-o', 'x', 'config.json']],
    ['--in-place with --dry-run', ['inject', '--in-place', '--dry-run', 'config.json']],
    ['--output with --dry-run', ['inject', '-o', 'x', '--dry-run', 'config.json']],
    ['--json without a place for the config', ['inject', '--json', 'config.json']],
    ['--json and the config both on standard output', ['inject', '--json', '-o', '-', 'config.json']],
    ['the report on standard output', ['inject', '--report', '-', 'config.json']],
    ['the report in place of the config', ['inject', '--dry-run', '--report', './config.json', 'config.json']],
    ['the report in place of the output', ['inject', '-o', 'new.json', '--report', './new.json', 'config.json']],
    ['an output without a name', ['inject', '-o', '', 'config.json']],
  ])('for %s', (_title, args) => {
    const { status, stdout, stderr } = hooks(args);
    expect(status).toBe(2);
    expect(stderr).not.toBe('');
    if (!args.includes('--json')) expect(stdout).toBe('');
  });

  it('names the command that was meant', () => {
    expect(hooks(['injcet']).stderr).toContain('inject');
  });

  it('names the flag that was meant', () => {
    expect(hooks(['list', '--hook-dir', 'x']).stderr).toContain('--hooks-dir');
  });

  it('is an error document with --json', () => {
    expect(json(hooks(['list', '--nope', '--json']))).toMatchObject({
      schemaVersion: 1,
      error: { code: 'USAGE' },
      diagnostics: [],
    });
  });

  it('takes --json behind -- for an argument', () => {
    expect(hooks(['inject', '--', '--json']).stdout).toBe('');
  });
});

describe('help', () => {
  it('goes to standard output with status 0', () => {
    const { status, stdout, stderr } = hooks(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Usage: hooks');
  });

  it.each(COMMANDS)('of %s has an example', (command) => {
    const { status, stdout } = hooks([command, '--help']);
    expect(status).toBe(0);
    expect(stdout).toMatch(new RegExp(`Examples:\\n  \\$ hooks ${command}\\b`));
  });

  it('prints the version, the commit and what runs it', () => {
    expect(hooks(['--version']).stdout).toMatch(/^hooks \d+\.\d+\.\d+\ncommit: [0-9a-f]+.*\nruntime: (Node|Bun) /);
  });
});

describe('the exit status', () => {
  it('is 0 when a config is injected, with or without a match', () => {
    const directory = directoryWith({
      'config.json': config(),
      'some/10.json': definition(),
      'none/10.json': definition({ commands: ['^no$'] }),
    });
    for (const name of ['some', 'none', 'missing']) {
      expect(hooks(['inject', '--hooks-dir', name, 'config.json'], { cwd: directory }).status).toBe(0);
    }
  });

  it('is 1 for a definition with an error, and nothing is injected', () => {
    const directory = directoryWith({ 'config.json': config(), 'd/10.json': '{' });
    for (const args of [
      ['inject', '--hooks-dir', 'd', 'config.json'],
      ['explain', '--hooks-dir', 'd', 'config.json'],
      ['list', '--hooks-dir', 'd'],
      ['validate', 'd'],
    ]) {
      const run = hooks(args, { cwd: directory });
      expect(run.status).toBe(1);
      expect(run.stderr).toContain('d/10.json:1:2: error JSON_SYNTAX: ');
    }
    expect(hooks(['inject', '--hooks-dir', 'd', 'config.json'], { cwd: directory }).stdout).toBe('');
  });

  it('is 1 for a config that is no JSON', () => {
    const directory = directoryWith({ 'config.json': '{"a":1,}' });
    const { status, stdout, stderr } = hooks(['inject', 'config.json'], { cwd: directory });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('config.json:1:8: error CONFIG_SYNTAX: ');
  });

  it('is 3 for a file that is not there', () => {
    const { status, stderr } = hooks(['inject', 'nowhere.json']);
    expect(status).toBe(3);
    expect(stderr).toContain('FILE_READ');
  });

  it('of explain --hook is 0 for a match, 1 for none, 2 for an unknown name', () => {
    const directory = directoryWith({
      'config.json': config(),
      'd/10.json': definition(),
      'd/20.json': definition({ commands: ['^no$'] }),
    });
    const explain = (name: string) =>
      hooks(['explain', '--hooks-dir', 'd', '--hook', name, 'config.json'], { cwd: directory }).status;
    expect(['10.json', '20.json', '30.json'].map(explain)).toEqual([0, 1, 2]);
  });

  it('is 1 where the container cannot be decided on', () => {
    const directory = directoryWith({
      'config.json': config({ process: { args: [] } }),
      'd/10.json': definition({ commands: ['sh'] }),
    });
    const { status, stderr } = hooks(['inject', '--hooks-dir', 'd', 'config.json'], { cwd: directory });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^config\.json:1:\d+: error PROCESS_ARGS_EMPTY: /);
  });
});

describe('--quiet', () => {
  it('leaves standard error empty when all is well, also with warnings', () => {
    const directory = directoryWith({
      'config.json': config(),
      'd/10.json': definition({ annotations: { '^com.example$': '.' } }),
    });
    for (const args of [
      ['inject', '--hooks-dir', 'd', 'config.json'],
      ['explain', '--hooks-dir', 'd', 'config.json'],
      ['list', '--hooks-dir', 'd'],
      ['validate', 'd'],
    ]) {
      expect(hooks(args, { cwd: directory }).stderr).toContain('PATTERN_DOT_UNESCAPED');
      expect(hooks([...args, '--quiet'], { cwd: directory })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it('still says what is wrong', () => {
    const directory = directoryWith({ 'd/10.json': '{' });
    expect(hooks(['validate', '--quiet', 'd'], { cwd: directory }).stderr).toContain('JSON_SYNTAX');
  });
});

describe('--json', () => {
  it('makes an error of the system a document with status 3', () => {
    const run = hooks(['explain', '--json', 'nowhere.json']);
    expect(run.status).toBe(3);
    expect(json(run)).toMatchObject({ error: { code: 'FILE_READ', args: { path: 'nowhere.json' } } });
  });

  it('makes an error of the input a document with all diagnostics', () => {
    const run = hooks(['explain', '--json', '-'], { input: '{' });
    expect(run.status).toBe(1);
    expect(json(run)).toMatchObject({
      error: { code: 'CONFIG_SYNTAX' },
      diagnostics: [{ code: 'CONFIG_SYNTAX', path: '<stdin>', severity: 'error' }],
    });
  });

  it('keeps every digit of a timeout, whatever texts stand beside it', () => {
    const directory = directoryWith({
      'd/10.json': `{"version": "1.0.0", "stages": ["poststop"], "when": {"annotations": {"\\u00000": "\\u00000"}},
        "hook": {"path": "/usr/bin/true", "timeout": 9223372036854775807, "args": ["\\u00000", "\\u0000b0"]}}`,
    });
    const run = hooks(['list', '--json', '--hooks-dir', 'd'], { cwd: directory });
    expect(run.stdout).toContain('"timeout": 9223372036854775807');
    expect(json<{ definitions: object[] }>(run).definitions[0]).toMatchObject({
      hook: { args: ['\u00000', '\u0000b0'] },
      when: { annotations: { '\u00000': '\u00000' } },
    });
  });
});

describe('standard output that nobody reads', () => {
  it.each(['--help', 'list --help', 'help list'])('is no crash for %s', (words) => {
    const { stdout, stderr } = hooksInShell('"$@" | true; echo $PIPESTATUS', words.split(' '));
    expect(stderr).not.toMatch(/ at |EPIPE/);
    expect(stdout.trim()).toBe('0');
  });
});
