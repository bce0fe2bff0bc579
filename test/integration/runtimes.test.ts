import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hooks } from '../hooks-program.ts';
import { requires, root } from '../requirement.ts';

// runc and crun are the judges: they run a container from the injected config, and the hooks themselves leave a line
// in a log: stage, name, the variable MARK, the state from stdin. The log lies on the host and is mounted into the container,
// because the hook of startContainer lives there.

const RECORD = `#!/bin/sh
printf '%s\\t%s\\t%s\\t%s\\n' "$1" "$2" "$MARK" "$(cat)" >> "$LOG"
`;

interface Line {
  readonly stage: string;
  readonly name: string;
  readonly mark: string;
  readonly state: {
    readonly id: string;
    readonly bundle: string;
    readonly pid?: number;
    readonly annotations?: unknown;
  };
}

const HOST_STAGES = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];

/** crun refuses a hybrid cgroup hierarchy: there it runs in a mount namespace in which the v2 part is out of sight. */
const WITHOUT_UNIFIED = 'umount /sys/fs/cgroup/unified && exec "$@"';

let work: string;
let log: string;
let bundle: string;
let id: string;

/**
 * Runs a runtime with state of its own.
 *
 * @throws Error with what the runtime wrote, when it fails or takes longer than half a minute
 */
function run(runtime: string, args: readonly string[]): void {
  const command = [runtime, '--root', join(work, 'state'), ...args];
  const hidden = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', WITHOUT_UNIFIED, 'sh', ...command];
  const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
  const [program = '', ...rest] = runtime === 'crun' && hybrid ? hidden : command;
  // A file, not a pipe: the container inherits it and would hold a pipe open.
  const messages = openSync(join(work, 'messages'), 'w');
  const { status, signal } = spawnSync(program, rest, {
    cwd: bundle,
    stdio: ['ignore', messages, messages],
    timeout: 30_000,
  });
  closeSync(messages);
  if (status !== 0) {
    throw new Error(`${command.join(' ')}: ${status ?? signal}: ${readFileSync(join(work, 'messages'), 'utf8')}`);
  }
}

/** Takes the config that `spec` of the runtime writes and gives it a command, an annotation, the log and a hook of its own. */
function makeBundle(runtime: string): void {
  mkdirSync(join(bundle, 'rootfs/bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(bundle, 'rootfs/bin/busybox'));
  for (const applet of ['sh', 'cat', 'sleep']) symlinkSync('busybox', join(bundle, 'rootfs/bin', applet));
  writeFileSync(join(bundle, 'rootfs/record'), RECORD);
  writeFileSync(join(bundle, 'rootfs/log'), '');
  run(runtime, ['spec']);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process.terminal = false;
  config.process.args = ['/bin/sh', '-c', "printf 'main\\t\\t\\t{}\\n' >> /log; exec sleep 600"];
  config.annotations = { 'com.example.gpu': 'all' };
  config.mounts.push({ destination: '/log', type: 'bind', source: log, options: ['bind', 'rw'] });
  config.linux.cgroupsPath = `/${id}`;
  config.hooks = { prestart: [record('prestart', '00-of-the-config')] };
  writeFileSync(path, JSON.stringify(config));
}

function record(stage: string, name: string): object {
  const path = '/bin/sh';
  if (stage !== 'startContainer')
    return { path, args: ['sh', join(work, 'record'), stage, name], env: environment(log) };
  return { path, args: ['sh', '/record', stage, name], env: environment('/log') };
}

function environment(logPath: string): string[] {
  return ['PATH=/usr/bin:/bin', 'MARK=from the definition', `LOG=${logPath}`];
}

function define(name: string, stage: string, when: object): void {
  const definition = { version: '1.0.0', hook: record(stage, name), when, stages: [stage] };
  writeFileSync(join(work, 'hooks.d', `${name}-${stage}.json`), JSON.stringify(definition));
}

function lines(): Line[] {
  const text = readFileSync(log, 'utf8').trimEnd();
  return (text === '' ? [] : text.split('\n')).map((line) => {
    const [stage = '', name = '', mark = '', state = ''] = line.split('\t');
    return { stage, name, mark, state: JSON.parse(state) };
  });
}

function ran(): string[] {
  return lines().map(({ stage, name }) => `${stage} ${name}`);
}

requires(['busybox', 'unshare', root], () => {
  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), 'hooks-runtimes-'));
    id = basename(work);
    bundle = join(work, 'bundle');
    log = join(work, 'log');
    mkdirSync(join(work, 'hooks.d'));
    writeFileSync(join(work, 'record'), RECORD);
    writeFileSync(log, '');
    for (const stage of [...HOST_STAGES, 'startContainer']) {
      define('20-second', stage, { hasBindMounts: true });
      define('10-First', stage, { annotations: { '^com\\.example\\.gpu$': '^all$' }, commands: ['/sh$'] });
      define('15-of-nobody', stage, { annotations: { '^com\\.example\\.gpu$': '^none$' } });
    }
  });

  afterEach(() => {
    rmSync(work, { recursive: true, force: true });
  });

  describe.each(['runc', 'crun'])('%s', (runtime) => {
    requires(runtime, () => {
      function inject(flags: readonly string[]): void {
        makeBundle(runtime);
        const config = join(bundle, 'config.json');
        const outcome = hooks(['inject', config, '--in-place', '--hooks-dir', join(work, 'hooks.d'), ...flags]);
        expect(outcome).toMatchObject({ status: 0, stdout: '' });
      }

      /** Creates the container, starts it until its own command has run, and deletes it; gives what ran, and what of it at create. */
      async function live(): Promise<{ atCreate: string[]; inAll: string[] }> {
        run(runtime, ['create', '--pid-file', join(work, 'pid'), id]);
        const atCreate = ran();
        try {
          run(runtime, ['start', id]);
          await vi.waitFor(() => expect(ran()).toContain('main '), { timeout: 20_000, interval: 20 });
        } finally {
          run(runtime, ['delete', '--force', id]);
        }
        return { atCreate, inAll: ran() };
      }

      it('runs the injected hooks at their stages, in order, after those of the config', async () => {
        inject([]);
        const { atCreate, inAll } = await live();
        const created = [
          'prestart 00-of-the-config',
          'prestart 10-First',
          'prestart 20-second',
          'createRuntime 10-First',
          'createRuntime 20-second',
          'createContainer 10-First',
          'createContainer 20-second',
        ];
        const started = ['startContainer 10-First', 'startContainer 20-second', 'main '];
        const poststart = ['poststart 10-First', 'poststart 20-second'];
        const poststop = ['poststop 10-First', 'poststop 20-second'];
        // When poststart comes is the runtime's choice: runc 1.1.5 runs it at the end of create, crun while start returns.
        const others = (line: string) => !poststart.includes(line);
        expect(atCreate.filter(others)).toEqual(created);
        expect(inAll.filter(others)).toEqual([...created, ...started, ...poststop]);
        const first = inAll.indexOf('poststart 10-First');
        expect(inAll.filter((line) => !others(line))).toEqual(poststart);
        expect(first).toBeGreaterThan(inAll.indexOf('createContainer 20-second'));
        expect(inAll.slice(-2)).toEqual(poststop);
      });

      it('gives each injected hook its environment and the state on stdin', async () => {
        inject([]);
        await live();
        const seen = lines().filter(({ stage }) => stage !== 'main');
        expect(new Set(seen.map(({ stage }) => stage))).toEqual(new Set([...HOST_STAGES, 'startContainer']));
        expect(new Set(seen.map(({ mark }) => mark))).toEqual(new Set(['from the definition']));
        expect(new Set(seen.map(({ state }) => state.id))).toEqual(new Set([id]));
        const host = seen.filter(({ stage }) => stage !== 'startContainer');
        expect(new Set(host.map(({ state }) => state.bundle))).toEqual(new Set([bundle]));
        const pid = Number(readFileSync(join(work, 'pid'), 'utf8'));
        const early = seen.filter(({ stage }) => stage === 'prestart' || stage === 'createRuntime');
        expect(new Set(early.map(({ state }) => state.pid))).toEqual(new Set([pid]));
      });

      it('runs prestart definitions at createRuntime when asked to, the prestart hook of the config first', async () => {
        inject(['--prestart', 'createRuntime']);
        const { inAll } = await live();
        expect(inAll.slice(0, 5)).toEqual([
          'prestart 00-of-the-config',
          'createRuntime 10-First',
          'prestart 10-First',
          'createRuntime 20-second',
          'prestart 20-second',
        ]);
        const { prestart, createRuntime } = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')).hooks;
        expect([prestart.length, createRuntime.length]).toEqual([1, 4]);
      });
    });
  });
});
