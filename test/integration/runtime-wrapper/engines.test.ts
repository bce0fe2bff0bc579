import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Requirement, requires, root } from '../../requirement.ts';
import { configOf, executable, type Outcome, script, type WrapperPlace, wrapperPlace } from './wrapper.ts';

// Real engines and runtimes are the judges: they run containers through the wrapper, and the hooks leave lines in a file.

const STAGES = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'];
/** crun refuses a hybrid cgroup hierarchy: there it runs in a mount namespace in which the v2 part is out of sight. */
const WITHOUT_UNIFIED = 'umount /sys/fs/cgroup/unified && exec "$@"';
// Root in a container may not raise its limits.
const PODMAN = ['--network', 'none', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

function containerPlace(settings: object): WrapperPlace {
  const place = wrapperPlace(settings);
  const rootfs = join(place.work, 'rootfs');
  for (const directory of ['bin', 'proc', 'sys', 'dev', 'tmp']) mkdirSync(join(rootfs, directory), { recursive: true });
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  for (const applet of ['sh', 'sleep', 'true']) symlinkSync('busybox', join(rootfs, 'bin', applet));
  return place;
}

/** A hook at each stage of the host that reads its state and leaves the stage's name. */
function defineLines(place: WrapperPlace): () => string[] {
  const lines = join(place.work, 'lines');
  for (const stage of STAGES) {
    const args = ['sh', '-c', `cat > /dev/null; echo ${stage} >> ${lines}`];
    place.define(`10-${stage}.json`, { hook: { path: '/bin/sh', args, env: ['PATH=/bin:/usr/bin'] }, stages: [stage] });
  }
  return () => (existsSync(lines) ? readFileSync(lines, 'utf8').trimEnd().split('\n').sort() : []);
}

function sorted(stages: readonly string[]): string[] {
  return [...stages].sort();
}

const FAILURES: readonly (readonly [string, object, RegExp])[] = [
  [
    'a hook that fails',
    { hook: { path: '/bin/sh', args: ['sh', '-c', 'cat > /dev/null; exit 3'] } },
    /exit (status|code:) 3/,
  ],
  ['a hook that takes too long', { hook: { path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 } }, /timeout/],
  [
    'a definition with an error',
    { hook: { path: '/bin/true' }, stages: ['preStart'] },
    /hooks-runtime: .*10\.json:1:\d+: error STAGE_UNKNOWN: .*prestart/,
  ],
];

/** Podman passes no environment on to the runtime, so the settings file is named in between. */
function engine(place: WrapperPlace): (...args: readonly string[]) => Outcome {
  const { OCI_HOOKS_CONFIG } = place.environment;
  const between = script(place, 'between', `OCI_HOOKS_CONFIG=${OCI_HOOKS_CONFIG} exec ${place.program} "$@"`);
  return (...args) => {
    const command = ['--runtime', between, ...args];
    const { status, stdout, stderr } = spawnSync('podman', command, { encoding: 'utf8', timeout: 50_000 });
    return { status, stdout, stderr };
  };
}

function containerName(place: WrapperPlace, podman: (...args: readonly string[]) => Outcome): string {
  const id = basename(place.work);
  onTestFinished(() => {
    podman('rm', '--force', '--time', '0', id);
  });
  return id;
}

requires(['podman', 'busybox', root], () => {
  describe.each(['runc', 'crun'])('Podman with %s', (runtime) => {
    requires(runtime, () => {
      it('runs the hooks of every stage, and answers exec, pause, kill, stop and rm', () => {
        const place = containerPlace({ runtime });
        const lines = defineLines(place);
        const podman = engine(place);
        const id = containerName(place, podman);
        const command = [
          '--rootfs',
          join(place.work, 'rootfs'),
          'sh',
          '-c',
          'trap "exit 0" TERM; while :; do sleep 0.1; done',
        ];
        expect(podman('run', '--detach', '--name', id, ...PODMAN, ...command)).toMatchObject({ status: 0, stderr: '' });
        expect(podman('exec', id, 'sh', '-c', 'echo inside')).toMatchObject({ status: 0, stdout: 'inside\n' });
        const statuses = [
          podman('pause', id),
          podman('unpause', id),
          podman('kill', '--signal', 'CONT', id),
          podman('stop', '--time', '5', id),
          podman('rm', id),
        ].map(({ status }) => status);
        expect(statuses).toEqual([0, 0, 0, 0, 0]);
        expect(lines()).toEqual(sorted(STAGES));
      });

      it('records each hook once for each start of one container', () => {
        const place = containerPlace({ runtime, recordHooks: true });
        place.define('10.json', { hook: { path: '/bin/true' }, stages: ['createRuntime', 'poststop'] });
        const podman = engine(place);
        const name = containerName(place, podman);
        const command = ['--rootfs', join(place.work, 'rootfs'), 'sh', '-c', 'trap "exit 0" TERM; sleep 600 & wait'];
        const id = podman('create', '--name', name, ...PODMAN, ...command).stdout.trim();
        onTestFinished(() => rmSync(`/run/oci-hooks/${id}`, { recursive: true, force: true }));
        const statuses = [
          podman('init', name),
          podman('init', name),
          podman('start', name),
          podman('stop', '--time', '5', name),
          podman('start', name),
          podman('restart', '--time', '5', name),
          podman('stop', '--time', '5', name),
        ].map(({ status }) => status);
        expect(statuses.filter((_status, index) => index !== 1)).toEqual([0, 0, 0, 0, 0, 0]);
        const shown = spawnSync(executable(), ['runs', id, '--json'], { encoding: 'utf8' });
        const stages = JSON.parse(shown.stdout).runs.map(({ stage }: { readonly stage: string }) => stage);
        const once = ['createRuntime', 'poststop'];
        expect(stages).toEqual([...once, ...once, ...once]);
      });

      it.each(FAILURES)('shows why a container is not made: %s', (_what, definition, message) => {
        const place = containerPlace({ runtime });
        place.define('10.json', { ...definition });
        const podman = engine(place);
        const id = containerName(place, podman);
        const { status, stderr } = podman(
          'run',
          '--name',
          id,
          ...PODMAN,
          '--rootfs',
          join(place.work, 'rootfs'),
          'true',
        );
        expect(status).toBe(126);
        expect(stderr).toMatch(message);
      });
    });
  });
});

const SECCOMP_HOOK = '/usr/share/containers/oci/hooks.d/oci-seccomp-bpf-hook.json';
const seccompHook: Requirement = {
  name: 'oci-seccomp-bpf-hook',
  missing: () => (existsSync(SECCOMP_HOOK) ? undefined : `needs ${SECCOMP_HOOK} (Debian: oci-seccomp-bpf-hook)`),
};

// Somebody else's hook with its own definition, as Debian ships both. It compiles a program for the running kernel, which
// takes the kernel's headers and the right to trace: where it may not, what it says must be found in the record.
requires(['podman', 'busybox', seccompHook, root], () => {
  describe.each(['runc', 'crun'])("a third party's hook, Podman with %s", (runtime) => {
    requires(runtime, () => {
      it('traces the container, or leaves a record of why it cannot', () => {
        const place = containerPlace({ runtime, recordHooks: true });
        copyFileSync(SECCOMP_HOOK, join(place.hooksDir, basename(SECCOMP_HOOK)));
        mkdirSync(join(place.work, 'none'));
        const podman = engine(place);
        const name = containerName(place, podman);
        const profile = join(place.work, 'profile.json');
        const idFile = join(place.work, 'id');
        const options = ['--cidfile', idFile, '--annotation', `io.containers.trace-syscall=of:${profile}`];
        const { status } = podman(
          ...['--hooks-dir', join(place.work, 'none'), 'run', '--name', name, ...options, ...PODMAN],
          ...['--rootfs', join(place.work, 'rootfs'), 'sh', '-c', 'true'],
        );
        const id = readFileSync(idFile, 'utf8');
        onTestFinished(() => rmSync(`/run/oci-hooks/${id}`, { recursive: true, force: true }));
        const shown = spawnSync(executable(), ['runs', id, '--json'], { encoding: 'utf8' });
        const [record] = JSON.parse(shown.stdout).runs;
        expect(record).toMatchObject({ name: basename(SECCOMP_HOOK), stage: 'prestart' });
        expect(record.stderr).toContain('Started OCI seccomp hook');
        // One or the other, and both tell the same: the container ran and was traced, or the hook says what it lacks.
        expect([status, record.status, existsSync(profile)]).toEqual(status === 0 ? [0, 0, true] : [126, 1, false]);
        if (status !== 0) expect(record.stderr).toMatch(/level=(fatal|error)/);
      });
    });
  });
});

requires(['containerd', 'ctr', 'runc', 'busybox', root], () => {
  describe('containerd', () => {
    /** Starts a containerd of the test's own and gives `ctr run` through the wrapper. */
    async function containerd(place: WrapperPlace): Promise<(id: string, ...command: readonly string[]) => Outcome> {
      const address = join(place.work, 'containerd.sock');
      const settings = [
        'version = 2',
        `root = "${place.work}/root"`,
        `state = "${place.work}/state"`,
        'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
        `[grpc]\naddress = "${address}"`,
      ];
      writeFileSync(join(place.work, 'containerd.toml'), settings.join('\n'));
      const daemon = spawn('containerd', ['--config', join(place.work, 'containerd.toml')], {
        env: { ...process.env, ...place.environment },
        stdio: 'ignore',
      });
      onTestFinished(() => ended(daemon));
      await vi.waitFor(() => expect(existsSync(address)).toBe(true), { timeout: 20_000, interval: 20 });
      return (id, ...command) => {
        const runtime = ['--rootfs', '--runc-binary', place.program, join(place.work, 'rootfs'), id];
        const args = ['--address', address, 'run', '--rm', ...runtime, ...command];
        const { status, stdout, stderr } = spawnSync('ctr', args, { encoding: 'utf8', timeout: 50_000 });
        return { status, stdout, stderr };
      };
    }

    it('runs the hooks of every stage', async () => {
      const place = containerPlace({ runtime: 'runc' });
      const lines = defineLines(place);
      const run = await containerd(place);
      expect(run(basename(place.work), '/bin/sh', '-c', 'echo inside')).toMatchObject({
        status: 0,
        stdout: 'inside\n',
      });
      expect(lines()).toEqual(sorted(STAGES));
    });

    it.each(FAILURES)('shows why a container is not made: %s', async (_what, definition, message) => {
      const place = containerPlace({ runtime: 'runc' });
      place.define('10.json', { ...definition });
      const { status, stderr } = (await containerd(place))(basename(place.work), '/bin/true');
      expect(status).toBe(1);
      expect(stderr).toMatch(message);
    });

    it('shows that there is no runtime', async () => {
      const place = containerPlace({ runtime: 'no-such-runtime' });
      const { stderr } = (await containerd(place))(basename(place.work), '/bin/true');
      expect(stderr).toContain('there is no OCI runtime: looked for no-such-runtime');
    });
  });
});

// What a process finds, told by itself: signals, limits, umask, descriptors, environment.
const FACTS = `
exec > "$0"
umask
while read -r key value; do
  case $key in SigBlk: | SigIgn: | SigCgt: | NoNewPrivs: | CapEff:) echo "$key $value" ;; esac
done < /proc/self/status
while read -r line; do echo "$line"; done < /proc/self/limits
for fd in /proc/self/fd/*; do echo "\${fd##*/}"; done
set
`;

/** Makes a bundle of what `spec` writes, which sleeps; gives its path. */
function makeBundle(
  place: WrapperPlace,
  run: (place: WrapperPlace, program: string, args: readonly string[]) => number | null,
  runtime: string,
  id: string,
): string {
  const bundle = join(place.work, 'bundle');
  mkdirSync(bundle);
  expect(run(place, runtime, ['spec'])).toBe(0);
  const path = join(bundle, 'config.json');
  const config = JSON.parse(readFileSync(path, 'utf8'));
  config.process.terminal = false;
  config.process.args = ['/bin/sleep', '600'];
  config.root.path = join(place.work, 'rootfs');
  config.linux.cgroupsPath = `/${id}`;
  writeFileSync(path, JSON.stringify(config));
  return bundle;
}

requires(['busybox', 'unshare', root], () => {
  describe.each(['runc', 'crun'])('%s by hand', (runtime) => {
    requires(runtime, () => {
      function run(place: WrapperPlace, program: string, args: readonly string[]): number | null {
        const command = [program, '--root', join(place.work, 'state'), ...args];
        const hidden = [
          'unshare',
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-c',
          WITHOUT_UNIFIED,
          'sh',
          ...command,
        ];
        const hybrid = existsSync('/sys/fs/cgroup/unified/cgroup.controllers');
        const [first = '', ...rest] = runtime === 'crun' && hybrid ? hidden : command;
        const options = { cwd: join(place.work, 'bundle'), env: { ...process.env, ...place.environment } };
        // No pipes: the container inherits them and would hold them open.
        return spawnSync(first, rest, { ...options, stdio: 'ignore', timeout: 30_000 }).status;
      }

      it('is not seen by a hook, nor by the container', () => {
        const place = containerPlace({ runtime });
        const id = basename(place.work);
        const bundle = makeBundle(place, run, runtime, id);
        const facts = (at: string) => ({
          path: '/bin/sh',
          args: ['sh', '-c', FACTS, at],
          env: ['PATH=/bin:/usr/bin', 'A=b'],
        });
        const seen = (program: string): string => {
          const files = [join(place.work, 'hook'), join(place.work, 'rootfs/tmp/container')];
          for (const file of files) rmSync(file, { force: true });
          expect(run(place, program, ['run', '--bundle', bundle, id])).toBe(0);
          return files.map((file) => readFileSync(file, 'utf8').replace(/PPID='.*'/, '')).join('==\n');
        };
        const path = join(bundle, 'config.json');
        const config = JSON.parse(readFileSync(path, 'utf8'));
        config.process.args = ['/bin/sh', '-c', FACTS, '/tmp/container'];
        config.process.rlimits = [];
        config.root.readonly = false;
        config.hooks = { createRuntime: [facts(join(place.work, 'hook'))] };
        writeFileSync(path, JSON.stringify(config));
        const bare = seen(runtime);
        expect(bare).toContain('Max open files');
        expect(seen(place.program)).toBe(bare);
      });

      it('keeps what hooks say in each container that is made from one bundle', () => {
        const place = containerPlace({ runtime, recordHooks: true });
        const ids = ['a', 'b', 'b'].map((letter) => `${basename(place.work)}-${letter}`);
        onTestFinished(() => {
          for (const id of ids) rmSync(`/run/oci-hooks/${id}`, { recursive: true, force: true });
        });
        const bundle = makeBundle(place, run, runtime, basename(place.work));
        place.define('10.json', { hook: { path: '/bin/cat' }, stages: ['createRuntime'] });
        for (const id of ids) {
          expect(run(place, place.program, ['create', '--bundle', bundle, id])).toBe(0);
          expect(run(place, place.program, ['delete', '--force', id])).toBe(0);
        }
        expect(configOf(bundle).hooks?.['createRuntime']).toHaveLength(1);
        const recorded = [...new Set(ids)].map((id) => {
          const shown = spawnSync(executable(), ['runs', id, '--json'], { encoding: 'utf8' });
          const { runs } = JSON.parse(shown.stdout);
          return runs.map((one: { readonly stdout: string }) => JSON.parse(one.stdout).id);
        });
        expect(recorded).toEqual([[ids[0]], [ids[1], ids[1]]]);
      });

      it('keeps what hooks say, and how they end', () => {
        const place = containerPlace({ runtime, recordHooks: true });
        const id = basename(place.work);
        onTestFinished(() => rmSync(`/run/oci-hooks/${id}`, { recursive: true, force: true }));
        makeBundle(place, run, runtime, id);
        const say = (text: string) => ({
          path: '/bin/sh',
          args: ['sh', '-c', `read state; echo "$0 ${text} $MARK"; echo "\${state%%:*}" >&2`],
          env: ['MARK=mark'],
        });
        place.define('10-good.json', { hook: say('good'), stages: ['createRuntime', 'createContainer', 'poststop'] });
        expect(run(place, place.program, ['create', id])).toBe(0);
        run(place, place.program, ['delete', '--force', id]);
        const shown = spawnSync(executable(), ['runs', id, '--json'], { encoding: 'utf8' });
        const { runs } = JSON.parse(shown.stdout);
        expect(runs).toHaveLength(3);
        for (const record of runs) {
          expect(record).toMatchObject({ name: '10-good.json', status: 0, stdout: 'sh good mark\n' });
          expect(record.stderr).toContain('{');
        }
        expect(runs.map(({ stage }: { readonly stage: string }) => stage)).toEqual([
          'createRuntime',
          'createContainer',
          'poststop',
        ]);
        const names = readdirSync(`/run/oci-hooks/${id}/hooks`);
        expect(names.every((name) => name.endsWith('.json'))).toBe(true);
      });
    });
  });
});

/** Ends a process of the test's own and waits until it is gone. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
