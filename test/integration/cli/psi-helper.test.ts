import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Requirement, requires, root } from '../../requirement.ts';
import { PROGRAM } from './run.ts';

// Short, so that a busy loop too many on this machine is enough; without CAP_SYS_RESOURCE 2 s is the shortest window.
const TRIGGER = ['--resource', 'cpu', '--trigger', 'some 1000 2000000'];

const mount = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.procs`));
const pressure: Requirement = {
  name: 'pressure files of cgroup v2',
  missing: () =>
    mount !== undefined && existsSync('/proc/pressure/cpu') ? undefined : 'needs cgroup v2 and a kernel with PSI',
};

requires([root, pressure], () => {
  let directory: string;
  let cgroup: string;
  let container: ChildProcess[];

  const state = (status: string) => ({ ociVersion: '1.0.2', id: 'psi-c', status, bundle: directory });
  const psi = (args: readonly string[], given: object = { ...state('created'), pid: container[0]?.pid }) => {
    const [name = '', ...own] = PROGRAM;
    return spawnSync(name, [...own, 'helper', 'psi', ...args], { encoding: 'utf8', input: JSON.stringify(given) });
  };
  const command = (script: string) => {
    const path = join(directory, 'command');
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const enter = (child: ChildProcess): ChildProcess => {
    writeFileSync(`${cgroup}/cgroup.procs`, String(child.pid));
    return child;
  };
  const crowd = (): void => {
    for (let count = 0; count <= cpus().length; count++) {
      container.push(enter(spawn('/bin/sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' })));
    }
  };
  const end = (): Promise<void>[] =>
    container.splice(0).map(
      (child) =>
        new Promise((resolve) => {
          child.once('exit', () => resolve());
          child.kill('SIGKILL');
        }),
    );
  /** Processes that run this test's command or watch for it, by the directory in their arguments. */
  const watchers = (): string[] =>
    readdirSync('/proc').filter((name) => {
      if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(`${directory}/command`);
      } catch {
        // It ended while the list was read.
        return false;
      }
    });
  const text = (name: string): string => {
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch {
      // Not written yet.
      return '';
    }
  };
  const until = (claim: () => void) => vi.waitFor(claim, { timeout: 12_000, interval: 50 });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-psi-'));
    cgroup = `${mount}/hooks-psi-${process.pid}`;
    mkdirSync(cgroup);
    container = [];
    container.push(enter(spawn('/bin/sleep', ['100'], { stdio: 'ignore' })));
  });
  afterEach(async () => {
    psi([...TRIGGER, '/bin/true'], state('stopped'));
    await Promise.all(end());
    await until(() => rmdirSync(cgroup));
    rmSync(directory, { recursive: true });
  });

  it('runs the command under pressure, with what it needs to know', async () => {
    const path = command(`echo "$1 $OCI_HOOKS_ID $OCI_HOOKS_RESOURCE $OCI_HOOKS_CGROUP" >>${directory}/out`);
    expect(psi([...TRIGGER, '--', path, '--flag'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(text('out')).toBe('');
    crowd();
    await until(() => expect(text('out')).toContain(`--flag psi-c cpu ${cgroup}\n`));
  }, 20_000);

  it('leaves a watcher that holds nothing of its caller', async () => {
    const path = command('true');
    expect(psi([...TRIGGER, '--', path]).status).toBe(0);
    const [watcher = '', ...others] = watchers();
    expect(others).toEqual([]);
    expect(readlinkSync(`/proc/${watcher}/cwd`)).toBe('/');
    const session = readFileSync(`/proc/${watcher}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[3];
    expect(session).toBe(watcher);
    const links = [0, 2, 3].map((number) => readlinkSync(`/proc/${watcher}/fd/${number}`));
    expect(links).toEqual(['/dev/null', '/dev/null', `${cgroup}/cpu.pressure`]);
    expect(readFileSync(`/proc/${watcher}/environ`, 'latin1')).not.toContain('HOME=');
  });

  it('holds no descriptor that its caller left open, above a gap neither, nor does the command', async () => {
    const held = openSync(join(directory, 'held'), 'w');
    const [name = '', ...own] = PROGRAM;
    const path = command(`ls -l /proc/self/fd >${directory}/links; echo >${directory}/out`);
    const { status } = spawnSync(name, [...own, 'helper', 'psi', ...TRIGGER, '--', path], {
      input: JSON.stringify({ ...state('created'), pid: container[0]?.pid }),
      stdio: ['pipe', 'pipe', 'pipe', held, ...Array<'ignore'>(56).fill('ignore'), held],
    });
    closeSync(held);
    expect(status).toBe(0);
    const [watcher = ''] = watchers();
    const links = readdirSync(`/proc/${watcher}/fd`).map((number) => readlinkSync(`/proc/${watcher}/fd/${number}`));
    expect(links).not.toContain(join(directory, 'held'));
    crowd();
    await until(() => expect(text('out')).toBe('\n'));
    expect(text('links')).not.toMatch(/held|pressure/);
  }, 20_000);

  it('ends the watcher, and a command that is running, at poststop, from the record alone', async () => {
    const path = command(`echo x >>${directory}/out; sleep 100`);
    expect(psi([...TRIGGER, '--', path]).status).toBe(0);
    crowd();
    await until(() => expect(text('out')).toBe('x\n'));
    expect(watchers().length).toBe(2);
    const { status, stdout } = psi([...TRIGGER, '--json', '--', path], state('stopped'));
    expect(status).toBe(0);
    expect(JSON.parse(stdout).deeds).toMatchObject([['end-process', expect.any(Number)]]);
    await until(() => expect(watchers()).toEqual([]));
    expect(JSON.parse(psi([...TRIGGER, '--json', '--', path], state('stopped')).stdout).deeds).toEqual([]);
  }, 20_000);

  it('ends with the cgroup, without poststop', async () => {
    expect(psi([...TRIGGER, '--', command('true')]).status).toBe(0);
    expect(watchers().length).toBe(1);
    await Promise.all(end());
    await until(() => rmdirSync(cgroup));
    await until(() => expect(watchers()).toEqual([]));
    mkdirSync(cgroup);
  }, 20_000);

  it('watches a trigger once, and another beside it', async () => {
    const path = command('true');
    for (const args of [[path], [path], [path, 'other']]) expect(psi([...TRIGGER, '--', ...args]).status).toBe(0);
    await until(() => expect(watchers().length).toBe(2));
    psi([...TRIGGER, '--', path], state('stopped'));
    await until(() => expect(watchers()).toEqual([]));
  });

  it('leaves a process alone that has the number of a watcher by now', () => {
    expect(psi([...TRIGGER, '--', command('true')]).status).toBe(0);
    const records = readdirSync('/run/oci-hooks').filter((name) => name.startsWith('psi-c-'));
    const [record = ''] = records
      .map((name) => `/run/oci-hooks/${name}/psi.json`)
      .filter((name) => readFileSync(name, 'utf8').includes(directory));
    const kept = JSON.parse(readFileSync(record, 'utf8'));
    process.kill(-kept.processes[0].pid, 'SIGKILL');
    const bystander = spawn('/bin/sleep', ['100'], { stdio: 'ignore', detached: true });
    writeFileSync(record, JSON.stringify({ ...kept, processes: [{ ...kept.processes[0], pid: bystander.pid }] }));
    expect(psi([...TRIGGER, '/bin/true'], state('stopped')).status).toBe(0);
    expect(bystander.kill(0)).toBe(true);
    bystander.kill('SIGKILL');
  });

  it('kills a command that takes too long, and keeps what was said', async () => {
    const log = join(directory, 'log');
    const path = command('echo started; exec sleep 100');
    expect(psi([...TRIGGER, '--command-timeout', '1', '--log', log, '--', path]).status).toBe(0);
    crowd();
    await until(() => expect(text('log')).toMatch(/^started\nhooks psi: .*ETIMEDOUT/));
  }, 20_000);

  it('says what it would do', () => {
    const { stdout } = psi([...TRIGGER, '--dry-run', '--json', '--', command('true'), 'a']);
    expect(JSON.parse(stdout)).toMatchObject({
      dryRun: true,
      deeds: [['watch', 'cpu.pressure', 'some 1000 2000000', [join(directory, 'command'), 'a']]],
    });
    expect(watchers()).toEqual([]);
  });

  it('refuses a command that is none, and a container that is gone', () => {
    const refusal = (path: string, given?: object) => psi([...TRIGGER, '--strict', '--', path], given);
    expect(refusal(join(directory, 'none'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('PROGRAM_EXEC'),
    });
    const gone = refusal('/bin/true', { ...state('created'), pid: 2 ** 22 });
    expect(gone).toMatchObject({ status: 1, stderr: expect.stringContaining('PROCESS_GONE') });
  });

  it.each([
    [['--trigger', 'some 0 2000000', '/bin/true']],
    [['--trigger', 'some 5 4', '/bin/true']],
    [['--trigger', 'some 1 2000000; rm', '/bin/true']],
    [['--trigger', 'some 1 2000000', '--resource', 'irq', '/bin/true']],
    [['--trigger', 'some 1 2000000', 'true']],
    [['--trigger', 'some 1 2000000', '--command-timeout', '0', '/bin/true']],
    [['--trigger', 'some 1 2000000']],
  ])('takes %j for wrong usage', (args) => {
    expect(psi(args).status).toBe(2);
  });
});
