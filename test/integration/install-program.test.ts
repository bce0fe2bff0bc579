import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { EXECUTABLE } from '../build-executable.ts';
import { requires, root } from '../requirement.ts';
import { findings } from './cli/schema.ts';

/** A place for the host's root, in memory: the executable has more than 100 MB. */
let host: string;

beforeEach(() => {
  host = mkdtempSync('/dev/shm/hooks-install-');
  onTestFinished(() => rmSync(host, { recursive: true, force: true }));
});

const DIRECTORY = '/etc/containers/oci/hooks.d';
const OTHER = '/run/containers/oci/hooks.d';
const PROGRAM = '/opt/oci-hooks/hooks';

interface Left {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], front: readonly string[] = []): Left {
  const [program = '', ...rest] = [...front, EXECUTABLE, ...args];
  const { status, signal, stdout, stderr, error } = spawnSync(program, rest, { encoding: 'utf8', timeout: 60_000 });
  if (error) throw error;
  return { status, signal, stdout, stderr };
}

const install = (directory = DIRECTORY, ...more: readonly string[]): Left =>
  run(['install', '--host-root', host, '--program', PROGRAM, directory, ...more]);
const uninstall = (directory = DIRECTORY, ...more: readonly string[]): Left =>
  run(['uninstall', '--host-root', host, directory, ...more]);
const inHost = (path: string): string => join(host, path);
const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));

describe('install --program', () => {
  it('puts the executable on the host, and definitions that name it as the host does', () => {
    const { status, stdout, stderr } = install();
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(inHost(PROGRAM));
    expect(statSync(inHost(PROGRAM)).size).toBe(statSync(EXECUTABLE).size);
    expect(statSync(inHost(PROGRAM)).mode & 0o777).toBe(0o755);
    const definitions = readdirSync(inHost(DIRECTORY)).filter((name) => name.endsWith('.json'));
    expect(definitions.length).toBeGreaterThan(0);
    for (const name of definitions) {
      const { hook } = JSON.parse(readFileSync(join(inHost(DIRECTORY), name), 'utf8'));
      expect([hook.path, ...hook.args.slice(0, 2)]).toEqual([PROGRAM, 'hooks', 'helper']);
    }
    expect(spawnSync(inHost(PROGRAM), ['--version'], { encoding: 'utf8' }).stdout).toContain('executable');
  });

  it('is taken back without a trace, the directories that were made for it included', () => {
    mkdirSync(inHost('/etc/containers'), { recursive: true });
    mkdirSync(inHost('/opt'));
    install();
    expect(uninstall()).toMatchObject({ status: 0, stderr: '' });
    expect(filesBelow(host)).toEqual([]);
    expect(existsSync(inHost('/opt/oci-hooks'))).toBe(false);
    expect(existsSync(inHost(DIRECTORY))).toBe(false);
  });

  it('twice changes nothing', () => {
    install();
    const before = statSync(inHost(PROGRAM)).ino;
    expect(JSON.parse(install(DIRECTORY, '--json').stdout)).toMatchObject({ program: { state: 'unchanged' } });
    expect(statSync(inHost(PROGRAM)).ino).toBe(before);
  });

  it('the program stays while another hooks directory runs it, and goes with the last', () => {
    install();
    install(OTHER);
    expect(JSON.parse(uninstall(DIRECTORY, '--json').stdout)).toMatchObject({ program: { release: 'in-use' } });
    expect(existsSync(inHost(PROGRAM))).toBe(true);
    expect(JSON.parse(uninstall(OTHER, '--json').stdout)).toMatchObject({ program: { release: 'removed' } });
    expect(filesBelow(host)).toEqual([]);
  });

  it('a program that moves leaves nothing at its old place', () => {
    install();
    expect(run(['install', '--host-root', host, '--program', '/usr/local/bin/hooks', DIRECTORY]).status).toBe(0);
    expect(existsSync(inHost(PROGRAM))).toBe(false);
    expect(existsSync(inHost('/usr/local/bin/hooks'))).toBe(true);
  });

  it('replaces an older program of ours, and not one of somebody else', () => {
    mkdirSync(dirname(inHost(PROGRAM)), { recursive: true });
    writeFileSync(inHost(PROGRAM), 'theirs');
    const refused = install(DIRECTORY, '--json');
    expect(JSON.parse(refused.stdout)).toMatchObject({
      written: [],
      diagnostics: [{ code: 'INSTALL_CONFLICT', path: inHost(PROGRAM), args: { reason: 'foreign' } }],
    });
    expect(refused.status).toBe(1);
    expect(existsSync(inHost(DIRECTORY))).toBe(false);
    expect(install(DIRECTORY, '--force').status).toBe(0);
    expect(statSync(inHost(PROGRAM)).size).toBe(statSync(EXECUTABLE).size);
    writeFileSync(inHost(PROGRAM), 'edited');
    expect(JSON.parse(uninstall(DIRECTORY, '--json').stdout)).toMatchObject({ program: { release: 'changed' } });
    expect(readFileSync(inHost(PROGRAM), 'utf8')).toBe('edited');
    expect(uninstall(DIRECTORY, '--force').status).toBe(0);
    expect(existsSync(inHost(PROGRAM))).toBe(false);
  });

  it('follows links as the host sees them, never out of its root', () => {
    mkdirSync(inHost('/var/opt'), { recursive: true });
    symlinkSync('/var/opt', inHost('/opt'));
    mkdirSync(inHost('/etc'));
    symlinkSync('../../../../var/hooks', inHost('/etc/containers'));
    expect(install().status).toBe(0);
    expect(existsSync(inHost('/var/opt/oci-hooks/hooks'))).toBe(true);
    expect(existsSync(inHost('/var/hooks/oci/hooks.d'))).toBe(true);
    expect(uninstall().status).toBe(0);
    expect(filesBelow(host)).toHaveLength(2);
  });

  it('names the program when it does not lie where it was put', () => {
    install();
    rmSync(dirname(inHost(PROGRAM)), { recursive: true });
    const { status, stderr } = uninstall();
    expect(status).toBe(0);
    expect(stderr).toContain(inHost(PROGRAM));
  });

  it('refuses a program in memory for definitions on a disk: after a reboot it would be gone', () => {
    const disk = mkdtempSync(join(tmpdir(), 'hooks-install-'));
    onTestFinished(() => rmSync(disk, { recursive: true, force: true }));
    const result = run(['install', '--program', inHost(PROGRAM), join(disk, 'hooks.d'), '--json']);
    expect(JSON.parse(result.stdout)).toMatchObject({
      diagnostics: [{ code: 'INSTALL_CONFLICT', args: { reason: 'volatile' } }],
    });
    expect(result.status).toBe(1);
    expect(existsSync(join(disk, 'hooks.d'))).toBe(false);
    expect(existsSync(inHost('/opt'))).toBe(false);
  });

  it.each(['relative/hooks', '/opt/../hooks', '/opt/hooks/'])('does not take %s for a program', (path) => {
    expect(run(['install', '--program', path, inHost(DIRECTORY)])).toMatchObject({ status: 2, stdout: '' });
  });

  it('does not follow a record that is a link, nor believe one of somebody else', () => {
    mkdirSync(inHost(DIRECTORY), { recursive: true });
    const elsewhere = join(host, 'elsewhere');
    symlinkSync(elsewhere, join(inHost(DIRECTORY), '.oci-hooks-installed'));
    mkdirSync(dirname(inHost(PROGRAM)), { recursive: true });
    symlinkSync(elsewhere, join(dirname(inHost(PROGRAM)), '.hooks.oci-hooks-users'));
    expect(install()).toMatchObject({ status: 0 });
    expect(existsSync(elsewhere)).toBe(false);
    expect(lstatSync(join(inHost(DIRECTORY), '.oci-hooks-installed')).isFile()).toBe(true);
    chmodSync(join(inHost(DIRECTORY), '.oci-hooks-installed'), 0o666);
    const refused = uninstall();
    expect(refused).toMatchObject({ status: 3, stderr: expect.stringContaining('INSTALL_RECORD') });
    expect(existsSync(inHost(PROGRAM))).toBe(true);
  });

  it('does not take a program for its own that others may change, whatever it holds now', () => {
    mkdirSync(dirname(inHost(PROGRAM)), { recursive: true });
    copyFileSync(EXECUTABLE, inHost(PROGRAM));
    chmodSync(inHost(PROGRAM), 0o777);
    expect(JSON.parse(install(DIRECTORY, '--json').stdout)).toMatchObject({
      diagnostics: [{ code: 'INSTALL_CONFLICT', args: { reason: 'foreign' } }],
    });
  });

  it('says so when somebody else holds the lock of the directory for too long', () => {
    mkdirSync(inHost(DIRECTORY), { recursive: true });
    const result = run(['install', inHost(DIRECTORY)], ['flock', inHost(DIRECTORY)]);
    expect(result).toMatchObject({ status: 3, stderr: expect.stringContaining('holds its lock') });
  });

  it('its JSON follows the schemas', () => {
    expect(findings('install', install(DIRECTORY, '--json'))).toEqual([]);
    expect(findings('uninstall', uninstall(DIRECTORY, '--json'))).toEqual([]);
  });

  it('two installations at once lose nothing of one another', async () => {
    writeFileSync(inHost('a.json'), definition);
    writeFileSync(inHost('b.json'), definition);
    const names = ['a.json', 'b.json'];
    const statuses = await Promise.all(
      names.map(
        (name) =>
          new Promise((resolve) => {
            const args = ['install', '--program', inHost(PROGRAM), inHost(DIRECTORY), '--definition', inHost(name)];
            spawn(EXECUTABLE, args, { stdio: 'ignore' }).once('close', resolve);
          }),
      ),
    );
    expect(statuses).toEqual([0, 0]);
    expect(run(['uninstall', inHost(DIRECTORY)]).status).toBe(0);
    expect(filesBelow(host).toSorted()).toEqual(names.map(inHost));
  });
});

const definition = '{"version":"1.0.0","hook":{"path":"/usr/bin/true"},"when":{"always":true},"stages":["poststop"]}';

requires([root, 'strace', 'unshare', 'mount'], () => {
  /** Kills a run at the n-th call of a kind; false when it ended before. */
  function runKilled(args: readonly string[], call: string, nth: number): boolean {
    const inject = `inject=${call}:signal=KILL:when=${nth}`;
    const { signal } = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', inject, EXECUTABLE, ...args], {
      timeout: 60_000,
    });
    return signal === 'SIGKILL';
  }

  /** What must hold whenever the machine stops: no definition names a program that is not there, whole. */
  function expectNoDefinitionWithoutProgram(): void {
    const definitions = existsSync(inHost(DIRECTORY))
      ? readdirSync(inHost(DIRECTORY)).filter((name) => name.endsWith('.json'))
      : [];
    if (definitions.length > 0) expect(statSync(inHost(PROGRAM)).size).toBe(statSync(EXECUTABLE).size);
  }

  function expectNothingLeft(): void {
    expect(uninstall().status).toBe(0);
    // A record that was being written when the program was killed leaves its temporary file.
    expect(filesBelow(host).filter((file) => !file.endsWith('.tmp'))).toEqual([]);
  }

  it.each(['mkdir', 'chmod', 'fsync', 'rename', 'unlink'])(
    'an installation killed at any %s leaves no definition without its program, and can be repeated and taken back',
    (call) => {
      const args = ['install', '--host-root', host, '--program', PROGRAM, DIRECTORY];
      let nth = 1;
      for (; runKilled(args, call, nth); nth++) {
        expectNoDefinitionWithoutProgram();
        expect(install().status).toBe(0);
        expectNothingLeft();
      }
      expect(nth).toBeGreaterThan(1);
    },
  );

  it.each(['unlink', 'rmdir'])('a removal killed at any %s can be repeated', (call) => {
    const args = ['uninstall', '--host-root', host, DIRECTORY];
    let nth = 0;
    do {
      install();
      nth++;
    } while (removeKilled(args, call, nth));
    expect(nth).toBeGreaterThan(1);
  });

  function removeKilled(args: readonly string[], call: string, nth: number): boolean {
    const isKilled = runKilled(args, call, nth);
    expectNoDefinitionWithoutProgram();
    expectNothingLeft();
    return isKilled;
  }

  it('a full disk leaves no program, no record and no directory', () => {
    mkdirSync(inHost('/opt'));
    const script = `mount -t tmpfs -o size=20m tmpfs ${host}/opt && "$@"; status=$?; find ${host}/opt -mindepth 1; exit $status`;
    const front = ['unshare', '--mount', 'bash', '-c', script, 'bash'];
    const result = run(['install', '--host-root', host, '--program', PROGRAM, DIRECTORY], front);
    expect(result).toMatchObject({ status: 3, stdout: '', stderr: expect.stringContaining('ENOSPC') });
    expect(filesBelow(host)).toEqual([]);
  });

  it.each([
    ['read-only', 'ro', 'EROFS'],
    ['without the right to run programs', 'noexec', 'EACCES'],
  ])('a place on a mount that is %s is an error, and nothing is written', (_title, option, errno) => {
    mkdirSync(inHost('/opt'));
    const script = `mount -t tmpfs -o ${option} tmpfs ${host}/opt && exec "$@"`;
    const front = ['unshare', '--mount', 'bash', '-c', script, 'bash'];
    const { status, stderr } = run(['install', '--host-root', host, '--program', PROGRAM, DIRECTORY], front);
    expect({ status, stderr }).toEqual({ status: 3, stderr: expect.stringContaining(errno) });
    expect(filesBelow(host)).toEqual([]);
  });
});
