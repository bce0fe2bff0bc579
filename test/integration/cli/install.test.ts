import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requires, root } from '../../requirement.ts';
import { definition, directoryWith, hooks, hooksInShell, json, PROGRAM, ROOT, run } from './run.ts';
import { findings } from './schema.ts';

const RECORD = '.oci-hooks-installed';
const source = (more: Readonly<Record<string, unknown>> = {}): string =>
  directoryWith({ 'a.json': definition(), 'b.json': definition({ commands: ['sh'] }), 'dir/x': '', ...more });
const list = (directory: string): string[] => readdirSync(directory).toSorted();
const install = (cwd: string, ...args: readonly string[]) => hooks(['install', ...args], { cwd });
const uninstall = (cwd: string, ...args: readonly string[]) => hooks(['uninstall', ...args], { cwd });

describe('install --definition', () => {
  it('writes the definitions byte for byte, and a record that is no definition', () => {
    const cwd = source();
    expect(install(cwd, 'dir', '--definition', 'a.json', 'b.json')).toMatchObject({
      status: 0,
      stdout: 'dir/a.json\ndir/b.json\n',
    });
    expect(list(join(cwd, 'dir'))).toEqual([RECORD, 'a.json', 'b.json', 'x']);
    expect(readFileSync(join(cwd, 'dir/a.json'))).toEqual(readFileSync(join(cwd, 'a.json')));
    expect(statSync(join(cwd, 'dir/a.json')).mode & 0o777).toBe(0o644);
    expect(
      json<{ definitions: object[] }>(hooks(['list', '--json', '--hooks-dir', 'dir'], { cwd })).definitions,
    ).toHaveLength(2);
  });

  it('makes a directory that is not there, and uninstall removes it again', () => {
    const cwd = source();
    expect(install(cwd, 'new/hooks.d', '--definition', 'a.json').status).toBe(0);
    expect(uninstall(cwd, 'new/hooks.d')).toMatchObject({ status: 0, stdout: 'new/hooks.d/a.json\n' });
    expect(existsSync(join(cwd, 'new/hooks.d'))).toBe(false);
  });

  it('takes a directory behind the definitions', () => {
    const cwd = source();
    expect(install(cwd, '--definition', 'a.json', 'dir').status).toBe(0);
    expect(list(join(cwd, 'dir'))).toEqual([RECORD, 'a.json', 'x']);
  });

  it('twice changes nothing, and says so', () => {
    const cwd = source();
    install(cwd, 'dir', '--definition', 'a.json');
    const before = statSync(join(cwd, 'dir/a.json')).ino;
    const again = install(cwd, 'dir', '--definition', 'a.json', '--json');
    expect(json(again)).toMatchObject({ written: [{ name: 'a.json', state: 'unchanged' }] });
    expect(statSync(join(cwd, 'dir/a.json')).ino).toBe(before);
  });

  it('replaces its own file by a newer one', () => {
    const cwd = source();
    install(cwd, 'dir', '--definition', 'a.json', 'b.json');
    writeFileSync(join(cwd, 'a.json'), JSON.stringify(definition({ commands: ['new'] })));
    expect(json(install(cwd, 'dir', '--json', '--definition', 'a.json'))).toMatchObject({
      written: [{ state: 'replaced' }],
    });
    expect(uninstall(cwd, 'dir').stdout).toBe('dir/b.json\ndir/a.json\n');
    expect(list(join(cwd, 'dir'))).toEqual(['x']);
  });

  it.each([
    ['a file of somebody else', 'foreign', (path: string) => writeFileSync(path, 'mine')],
    ['a link', 'not-a-file', (path: string) => symlinkSync('/dev/null', path)],
    ['a directory', 'not-a-file', (path: string) => mkdirSync(path)],
  ])('does not touch %s, nor writes anything else', (_title, reason, put) => {
    const cwd = source();
    put(join(cwd, 'dir/b.json'));
    const result = install(cwd, 'dir', '--json', '--definition', 'a.json', 'b.json');
    expect(result.status).toBe(1);
    expect(json(result)).toMatchObject({ written: [], diagnostics: [{ code: 'INSTALL_CONFLICT', args: { reason } }] });
    expect(list(join(cwd, 'dir'))).toEqual(['b.json', 'x']);
  });

  it('does not touch its own file when it was changed since', () => {
    const cwd = source();
    install(cwd, 'dir', '--definition', 'a.json');
    writeFileSync(join(cwd, 'dir/a.json'), 'edited');
    writeFileSync(join(cwd, 'a.json'), JSON.stringify(definition({ commands: ['new'] })));
    expect(json(install(cwd, 'dir', '--json', '--definition', 'a.json'))).toMatchObject({
      diagnostics: [{ code: 'INSTALL_CONFLICT', args: { reason: 'changed' } }],
    });
    expect(readFileSync(join(cwd, 'dir/a.json'), 'utf8')).toBe('edited');
  });

  it('--force replaces a file of somebody else, and uninstall removes it then', () => {
    const cwd = source({ 'dir/a.json': 'theirs' });
    expect(install(cwd, 'dir', '--force', '--definition', 'a.json').status).toBe(0);
    expect(uninstall(cwd, 'dir').status).toBe(0);
    expect(list(join(cwd, 'dir'))).toEqual(['x']);
  });

  it('does not take a file for its own that was there with the same bytes', () => {
    const cwd = source();
    cpSync(join(cwd, 'a.json'), join(cwd, 'dir/a.json'));
    expect(install(cwd, 'dir', '--definition', 'a.json', 'b.json').status).toBe(0);
    expect(uninstall(cwd, 'dir').stdout).toBe('dir/b.json\n');
    expect(list(join(cwd, 'dir'))).toEqual(['a.json', 'x']);
  });

  it('refuses definitions with errors', () => {
    const cwd = source({ 'bad.json': '{' });
    const { status, stderr } = install(cwd, 'dir', '--definition', 'a.json', 'bad.json');
    expect(status).toBe(1);
    expect(stderr).toContain('bad.json:1:2: error JSON_SYNTAX: ');
    expect(list(join(cwd, 'dir'))).toEqual(['x']);
  });

  it.each([
    ['a name that is no definition', ['dir', '--definition', 'a.txt']],
    ['two files of one name', ['dir', '--definition', 'a.json', 'x/a.json']],
    ['no directory', ['--definition', 'a.json']],
  ])('is wrong usage with %s', (_title, args) => {
    expect(install(source({ 'a.txt': definition(), 'x/a.json': definition() }), ...args).status).toBe(2);
  });

  it('says what is wrong with a file that is not there, or a FIFO', () => {
    const cwd = source();
    run(['mkfifo', join(cwd, 'fifo.json')]);
    expect(install(cwd, 'dir', '--definition', 'nowhere.json')).toMatchObject({ status: 3, stdout: '' });
    expect(install(cwd, 'dir', '--definition', 'fifo.json').status).toBe(1);
    expect(list(join(cwd, 'dir'))).toEqual(['x']);
  });

  it('warns of a directory that others may write', () => {
    const cwd = source();
    chmodSync(join(cwd, 'dir'), 0o777);
    const { status, stderr } = install(cwd, 'dir', '--definition', 'a.json');
    expect(status).toBe(0);
    expect(stderr).toContain('PERMISSION_UNSAFE');
  });
});

describe('uninstall', () => {
  it('leaves a file that was changed since, names it, and removes it with --force', () => {
    const cwd = source();
    install(cwd, 'dir', '--definition', 'a.json', 'b.json');
    writeFileSync(join(cwd, 'dir/a.json'), 'edited');
    const first = uninstall(cwd, 'dir');
    expect(first).toMatchObject({ status: 1, stdout: 'dir/b.json\n' });
    expect(first.stderr).toContain('dir/a.json: error UNINSTALL_CHANGED: ');
    expect(list(join(cwd, 'dir'))).toEqual([RECORD, 'a.json', 'x']);
    expect(uninstall(cwd, 'dir', '--force').status).toBe(0);
    expect(list(join(cwd, 'dir'))).toEqual(['x']);
  });

  it('is done when nothing is installed, or all is gone already', () => {
    const cwd = source();
    expect(uninstall(cwd, 'dir')).toMatchObject({ status: 0, stdout: '' });
    install(cwd, 'dir', '--definition', 'a.json');
    rmSync(join(cwd, 'dir/a.json'));
    expect(uninstall(cwd, 'dir')).toMatchObject({ status: 0, stdout: '' });
    expect(uninstall(cwd, 'nowhere').status).toBe(0);
    expect(list(join(cwd, 'dir'))).toEqual(['x']);
  });

  it('leaves a link that took the place of a file', () => {
    const cwd = source();
    install(cwd, 'dir', '--definition', 'a.json');
    rmSync(join(cwd, 'dir/a.json'));
    symlinkSync(join(cwd, 'a.json'), join(cwd, 'dir/a.json'));
    expect(uninstall(cwd, 'dir').status).toBe(1);
    expect(existsSync(join(cwd, 'a.json'))).toBe(true);
  });

  it.each([
    ['no JSON', '{'],
    ['another version', '{"schemaVersion": 2, "files": []}'],
    ['a name that leads elsewhere', '{"schemaVersion": 1, "files": [{"name": "../a.json", "sha256": "x"}]}'],
    ['a name that is no definition', '{"schemaVersion": 1, "files": [{"name": "x", "sha256": "x"}]}'],
  ])('refuses a record that is %s', (_title, record) => {
    const cwd = source({ [`dir/${RECORD}`]: record });
    const { status, stderr } = uninstall(cwd, 'dir');
    expect(status).toBe(3);
    expect(stderr).toContain('INSTALL_RECORD');
    expect(list(cwd)).toEqual(['a.json', 'b.json', 'dir']);
    expect(list(join(cwd, 'dir'))).toEqual([RECORD, 'x']);
  });
});

describe('the documents of --json', () => {
  it('follow their schemas', () => {
    const cwd = source();
    expect(findings('install', install(cwd, 'dir', '--json', '--definition', 'a.json', 'b.json'))).toEqual([]);
    writeFileSync(join(cwd, 'dir/a.json'), 'edited');
    writeFileSync(join(cwd, 'b.json'), JSON.stringify(definition()));
    expect(findings('install', install(cwd, 'dir', '--json', '--definition', 'b.json', 'a.json'))).toEqual([]);
    expect(findings('uninstall', uninstall(cwd, 'dir', '--json'))).toEqual([]);
    expect(findings('error', uninstall(cwd, '--json'))).toEqual([]);
  });
});

describe('the shipped definitions', () => {
  // hooks.d of the package decides which there are; with none there is nothing to install.
  const shipped = existsSync(join(ROOT, 'hooks.d'))
    ? readdirSync(join(ROOT, 'hooks.d')).filter((name) => name.endsWith('.json'))
    : [];

  if (shipped.length === 0) {
    it('are wrong usage to install where there are none', () => {
      expect(install(source(), 'dir')).toMatchObject({ status: 2, stdout: '' });
    });
  } else {
    it('run this very program by its whole path', () => {
      const cwd = source();
      expect(install(cwd, 'dir').status).toBe(0);
      for (const name of shipped) {
        const { hook } = JSON.parse(readFileSync(join(cwd, 'dir', name), 'utf8'));
        const [path, file] = PROGRAM;
        expect(hook.path).toBe(path);
        expect(hook.args.slice(0, 2)).toEqual(file === undefined ? ['hooks', 'helper'] : ['node', file]);
      }
      expect(hooks(['validate', 'dir'], { cwd }).status).toBe(0);
      expect(uninstall(cwd, 'dir').status).toBe(0);
      expect(list(join(cwd, 'dir'))).toEqual(['x']);
    });
  }
});

requires([root, 'mount', 'unshare', 'chattr'], () => {
  const before = [RECORD, 'a.json', 'x'];

  it('a full disk in the middle leaves the directory as it was', () => {
    const cwd = source({ 'big.json': definition({}, { hook: { path: '/usr/bin/true', args: ['x'.repeat(60_000)] } }) });
    const script = [
      'mount -t tmpfs -o size=64k tmpfs dir && "$@" a.json > /dev/null || exit 9',
      'cp dir/.oci* record && echo x > b.json',
      `echo '{"version": "1.0.0", "hook": {"path": "/usr/bin/true"}, "stages": ["poststop"]}' > a.json`,
      '"$@" a.json big.json; echo "status $?"',
      'cmp record dir/.oci* && ls -A dir',
    ].join('\n');
    writeFileSync(join(cwd, 'script'), script);
    const result = hooksInShell('unshare --mount bash script "$@"', ['install', 'dir', '--definition'], { cwd });
    expect(result.stderr).toContain('ENOSPC');
    expect(result.stdout).toBe(`status 3\n${RECORD}\na.json\n`);
  });

  it('a file that cannot be replaced in the middle brings back those before it', () => {
    const cwd = source();
    writeFileSync(join(cwd, 'dir/b.json'), 'stuck');
    install(cwd, 'dir', '--definition', 'a.json');
    const old = readFileSync(join(cwd, 'dir/a.json'), 'utf8');
    const record = readFileSync(join(cwd, 'dir', RECORD), 'utf8');
    writeFileSync(join(cwd, 'a.json'), JSON.stringify(definition({ commands: ['new'] })));
    writeFileSync(join(cwd, '0.json'), JSON.stringify(definition()));
    expect(run(['chattr', '+i', join(cwd, 'dir/b.json')])).toMatchObject({ status: 0 });
    try {
      const result = install(cwd, 'dir', '--force', '--definition', '0.json', 'a.json', 'b.json');
      expect(result.status).toBe(3);
      expect(result.stderr).toContain('EPERM');
      expect(list(join(cwd, 'dir'))).toEqual([...before, 'b.json'].toSorted());
      expect(readFileSync(join(cwd, 'dir/a.json'), 'utf8')).toBe(old);
      expect(readFileSync(join(cwd, 'dir', RECORD), 'utf8')).toBe(record);
    } finally {
      run(['chattr', '-i', join(cwd, 'dir/b.json')]);
    }
  });
});
