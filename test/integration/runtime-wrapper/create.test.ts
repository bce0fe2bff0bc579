import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { requires, root } from '../../requirement.ts';
import { bareBundle, configOf, executable, type Outcome, script, type WrapperPlace, wrapperPlace } from './wrapper.ts';

const HOOK = { hook: { path: '/bin/true' } };

/** A wrapper whose runtime says that it was reached. */
function place(settings: object = {}): WrapperPlace {
  const made = wrapperPlace();
  made.configure({ runtime: script(made, 'real', 'echo "real $*"'), ...settings });
  return made;
}

function paths(bundle: string, stage = 'createRuntime'): string[] {
  return (configOf(bundle).hooks?.[stage] ?? []).map(({ path }) => path);
}

function engineLog(path: string): readonly { readonly level: string; readonly msg: string }[] {
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('create', () => {
  it.each([
    ['--bundle B', (bundle: string) => ({ args: ['create', '--bundle', bundle, 'c1'] })],
    ['--bundle=B', (bundle: string) => ({ args: ['create', `--bundle=${bundle}`, 'c1'] })],
    ['-b B', (bundle: string) => ({ args: ['--root', 'create', 'create', '-b', bundle, 'create'] })],
    ['no bundle', (bundle: string) => ({ args: ['create', 'c1'], cwd: bundle })],
    ['run', (bundle: string) => ({ args: ['run', '-db', bundle, 'c1'] })],
    ["crun's --config", (bundle: string) => ({ args: ['create', '-f', join(bundle, 'config.json'), 'c1'] })],
  ])('injects into the bundle and starts the runtime with the arguments as they are: %s', (_what, call) => {
    const { run, define, ...here } = place();
    define('10.json', HOOK);
    const bundle = bareBundle({ ...here, run, define }, 'bundle');
    const { args, ...options } = call(bundle);
    expect(run(args, options)).toEqual({ status: 0, stdout: `real ${args.join(' ')}\n`, stderr: '' });
    expect(paths(bundle)).toEqual(['/bin/true']);
  });

  it('does not touch a config that gets no hook', () => {
    const here = place();
    here.define('10.json', { ...HOOK, when: { commands: ['^/bin/other$'] } });
    const bundle = bareBundle(here, 'bundle');
    const config = join(bundle, 'config.json');
    utimesSync(config, 1, 1);
    const { ino } = statSync(config);
    expect(here.run(['create', '-b', bundle, 'c1']).status).toBe(0);
    expect(statSync(config)).toMatchObject({ ino, mtimeMs: 1000 });
  });

  it('adds nothing twice when the same container is made again', () => {
    const here = place();
    here.define('10.json', HOOK);
    const bundle = bareBundle(here, 'bundle');
    here.run(['create', '-b', bundle, 'c1']);
    here.run(['create', '-b', bundle, 'c1']);
    expect(paths(bundle)).toEqual(['/bin/true']);
    expect(here.logged().map(({ injected }) => injected)).toEqual([1, 0]);
  });

  it.each([
    ['under another id', { recordHooks: true }, { recordHooks: true }],
    ['with hooks no longer recorded', { recordHooks: true }, {}],
    ['with hooks recorded from now on', {}, { recordHooks: true }],
  ])('adds nothing twice when a bundle is used again %s', (_what, first, second) => {
    const here = place(first);
    const hook = { path: '/bin/true', args: ['other', '--'], env: ['A=b'], timeout: 3 };
    here.define('10.json', { hook, stages: ['createRuntime', 'poststop', 'startContainer'] });
    here.define('20.json', HOOK);
    const bundle = bareBundle(here, 'bundle');
    here.run(['create', '-b', bundle, 'c1']);
    const made = readFileSync(join(bundle, 'config.json'), 'utf8');
    here.configure({ runtime: join(here.work, 'real'), ...second });
    here.run(['create', '-b', bundle, 'c2']);
    expect(here.logged().map(({ injected }) => injected)).toEqual([4, 0]);
    expect(readFileSync(join(bundle, 'config.json'), 'utf8')).toBe(made);
  });

  it('loses nothing and doubles nothing when many are made at once from one bundle', async () => {
    const here = place();
    here.define('10.json', HOOK);
    const bundle = bareBundle(here, 'bundle');
    const statuses = await Promise.all(
      Array.from({ length: 6 }, (_, index) => {
        const child = spawn(here.program, ['create', '-b', bundle, `c${index}`], {
          env: here.environment,
          stdio: 'ignore',
        });
        return new Promise((resolve) => child.once('close', resolve));
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([0]));
    expect(paths(bundle)).toEqual(['/bin/true']);
    expect(readdirSync(bundle)).toEqual(['config.json']);
  });

  it('gives a profile by the name of the program', () => {
    const here = place();
    const other = join(here.work, 'hooks-runtime-gpu');
    symlinkSync(executable(), other);
    here.configure({
      runtime: join(here.work, 'real'),
      profiles: { gpu: { runtime: script(here, 'gpu', 'echo gpu') } },
    });
    const bundle = bareBundle(here, 'bundle');
    expect(here.run(['create', '-b', bundle, 'c1'], { program: other }).stdout).toBe('gpu\n');
    expect(here.run(['delete', 'c1'], { program: other }).stdout).toBe('gpu\n');
    expect(here.run(['delete', 'c1']).stdout).toBe('real delete c1\n');
  });

  it('passes the config through precreate hooks, and refuses what is no config', () => {
    const here = place();
    const filter = script(here, 'filter', 'sed s/1.0.2/1.0.3/');
    here.define('10.json', { hook: { path: filter, env: ['PATH=/bin:/usr/bin'] }, stages: ['precreate'] });
    const bundle = bareBundle(here, 'bundle');
    expect(here.run(['create', '-b', bundle, 'c1']).status).toBe(0);
    expect(configOf(bundle)).toMatchObject({ ociVersion: '1.0.3' });
    script(here, 'filter', 'echo no');
    const before = readFileSync(join(bundle, 'config.json'), 'utf8');
    expect(here.run(['create', '-b', bundle, 'c1'])).toMatchObject({ status: 1, stdout: '' });
    expect(readFileSync(join(bundle, 'config.json'), 'utf8')).toBe(before);
  });
});

describe('a container that cannot be decided on', () => {
  const broken: readonly (readonly [string, (here: WrapperPlace, bundle: string) => void, string])[] = [
    ['a definition with an error', ({ define }) => define('20.json', { stages: ['never'] }), 'STAGE_UNKNOWN'],
    [
      'a definition that others could change',
      ({ hooksDir }) => chmodSync(join(hooksDir, '10.json'), 0o666),
      'PERMISSION_UNSAFE',
    ],
    ['a hooks directory that others could change', ({ hooksDir }) => chmodSync(hooksDir, 0o777), 'PERMISSION_UNSAFE'],
    ['a config that is no JSON', (_here, bundle) => writeFileSync(join(bundle, 'config.json'), '{'), 'CONFIG_SYNTAX'],
    ['a config that is not there', (_here, bundle) => rmSync(join(bundle, 'config.json')), 'cannot read'],
  ];

  it.each(broken)('is not made, and the engine is told: %s', (_what, spoil, message) => {
    const here = place();
    here.define('10.json', HOOK);
    const bundle = bareBundle(here, 'bundle');
    spoil(here, bundle);
    const log = join(here.work, 'log.json');
    const { status, stdout, stderr } = here.run(['--log', log, '--log-format=json', 'create', '-b', bundle, 'c1']);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^hooks-runtime: /);
    expect(stderr).toContain(message);
    expect(engineLog(log)).toMatchObject([{ level: 'error', msg: stderr.trimEnd() }]);
    expect(here.logged()).toMatchObject([{ level: 'error', injected: 0, id: 'c1' }]);
  });

  it.each(broken.slice(0, 3))('is made without hooks when the administrator chose so: %s', (_what, spoil, message) => {
    const here = place({ onError: 'skip' });
    here.define('10.json', HOOK);
    const bundle = bareBundle(here, 'bundle');
    spoil(here, bundle);
    const { status, stdout, stderr } = here.run(['create', '-b', bundle, 'c1']);
    expect([status, stdout]).toEqual([0, `real create -b ${bundle} c1\n`]);
    expect(stderr).toContain(message);
    expect(paths(bundle)).toEqual([]);
    expect(here.logged()).toMatchObject([{ level: 'warning' }]);
  });

  it('names the path and the command that mends it, for what others could change', () => {
    const here = place();
    here.define('10.json', HOOK);
    chmodSync(here.hooksDir, 0o777);
    const { stderr } = here.run(['create', '-b', bareBundle(here, 'bundle'), 'c1']);
    expect(stderr).toContain(`chmod go-w ${here.hooksDir}`);
  });

  it.each([
    ['settings with a mistake', 'onError: maybe\n', 0o644],
    ['settings that others could change', 'onError: skip\n', 0o666],
    ['settings that are no YAML', '{', 0o644],
  ])('is not made with %s, but is still stopped and deleted', (_what, text, mode) => {
    const here = place();
    const settings = join(here.work, 'runtime.yaml');
    writeFileSync(settings, text);
    chmodSync(settings, mode);
    expect(here.run(['create', '-b', bareBundle(here, 'bundle'), 'c1'])).toMatchObject({ status: 1, stdout: '' });
    // The usual runtime answers, and knows no such container.
    const answer = here.run(['--root', join(here.work, 'state'), 'state', 'c1']);
    expect(answer.stderr).toMatch(/does not exist|no such file/i);
    expect(answer.stderr).not.toContain('hooks-runtime:');
  });
});

describe('the runtime', () => {
  it('is named when there is none', () => {
    const here = place({ runtime: ['no-such-runtime', '/no/such/runtime'] });
    const { status, stderr } = here.run(['create', '-b', bareBundle(here, 'bundle'), 'c1']);
    expect(status).toBe(1);
    expect(stderr).toContain('no-such-runtime, /no/such/runtime');
  });

  it('is never the wrapper itself', () => {
    const here = place({ runtime: executable() });
    expect(here.run(['state', 'c1'])).toMatchObject({ status: 1, stdout: '' });
  });

  it('is not looked for in PATH', () => {
    const here = place({ runtime: 'hooks-test-runtime' });
    script(here, 'hooks-test-runtime', 'echo PATH');
    expect(here.run(['state', 'c1'], { environment: { PATH: here.work } })).toMatchObject({ status: 1, stdout: '' });
  });
});

describe('the log', () => {
  it('says of each container which definitions matched and why, and which annotation containerd may have held back', () => {
    const here = place();
    here.define('10.json', { ...HOOK, when: { annotations: { '^com\\.example\\.gpu$': '.' } } });
    here.define('20.json', { ...HOOK, when: { commands: ['^sh$'] } });
    const annotations = { 'io.kubernetes.cri.container-type': 'container' };
    const bundle = bareBundle(here, 'bundle', { annotations, process: { args: ['sh'] } });
    here.run(['create', '-b', bundle, 'c1']);
    expect(here.logged()).toMatchObject([
      {
        level: 'info',
        id: 'c1',
        bundle,
        injected: 1,
        matched: [{ name: '20.json', conditions: [{ condition: 'commands', value: 'sh' }] }],
        missed: [{ name: '10.json' }],
      },
    ]);
    expect(statSync(here.log).mode & 0o777).toBe(0o600);
  });

  it('does not keep a container from being made when it cannot be written', () => {
    const here = place({ logFile: '/proc/no/such/file' });
    expect(here.run(['create', '-b', bareBundle(here, 'bundle'), 'c1']).status).toBe(0);
  });

  it('says that it could not be written in the line that says what is worse', () => {
    const here = place({ logFile: '/proc/no/such/file' });
    here.define('10.json', { stages: ['never'] });
    const { stderr } = here.run(['create', '-b', bareBundle(here, 'bundle'), 'c1']);
    expect(stderr).toMatch(/^hooks-runtime: .*STAGE_UNKNOWN.*; no line was logged: .*\n$/);
  });

  it('names the bundle by its absolute path', () => {
    const here = place();
    const bundle = bareBundle(here, 'bundle');
    here.run(['create', '-b', 'bundle', 'c1']);
    here.run(['create', 'c1'], { cwd: bundle });
    expect(here.logged().map((line) => line['bundle'])).toEqual([bundle, bundle]);
  });
});

requires([root], () => {
  it('records hooks whatever else lies beside the records, such as the socket of the NRI plugin', () => {
    const here = place({ recordHooks: true });
    here.define('10.json', HOOK);
    const other = `/run/oci-hooks/${here.work.slice(-6)}.sock`;
    mkdirSync('/run/oci-hooks', { recursive: true, mode: 0o700 });
    writeFileSync(other, '');
    onTestFinished(() => rmSync(other, { force: true }));
    expect(here.run(['create', '-b', bareBundle(here, 'bundle'), 'c1'])).toMatchObject({ status: 0, stderr: '' });
  });

  it("keeps the config's owner and mode", () => {
    const here = place();
    here.define('10.json', HOOK);
    const bundle = bareBundle(here, 'bundle');
    const config = join(bundle, 'config.json');
    chmodSync(config, 0o640);
    chownSync(config, 1234, 2345);
    here.run(['create', '-b', bundle, 'c1']);
    expect(statSync(config)).toMatchObject({ uid: 1234, gid: 2345 });
    expect(statSync(config).mode & 0o7777).toBe(0o640);
    expect(paths(bundle)).toEqual(['/bin/true']);
  });

  it.each([
    ['containerd', 'start c1'],
    ['containerd', 'exec --process /tmp/runc-process1 --detach --pid-file /b/p c1'],
    ['containerd', 'kill --all c1 9'],
    ['containerd', 'checkpoint --image-path /i --work-path /w --leave-running c1'],
    ['containerd', 'restore --bundle /b --image-path /i --work-path /w --detach --pid-file /b/p c1'],
    ['containerd', 'update --resources - c1'],
    ['containerd', 'ps --format json c1'],
    ['containerd', 'delete --force c1'],
    ['Podman', 'checkpoint --image-path /i --work-path /w --tcp-established c1'],
    ['Podman', 'restore --detach --bundle /b --pid-file /b/p --image-path /i --manage-cgroups-mode ignore create'],
    ['Podman', 'delete --force create'],
    ['anybody', 'features'],
    ['anybody', '--version'],
    ['anybody', 'create-something --bundle /b c1'],
    ['anybody', ''],
  ])('passes on what %s says byte for byte: %s', (engine, line) => {
    const here = place();
    const global = engine === 'containerd' ? ['--root', '/run/x', '--log', '/b/log.json', '--log-format', 'json'] : [];
    const args = [...global, ...line.split(' ').filter(Boolean), ...(line === '' ? [] : ['', ' a\tb', '\u{1f4e6}'])];
    script(here, 'real', 'printf "%s\\0" "$@"');
    const expected = args.map((word) => `${word}\0`).join('') || '\0';
    expect(here.run(args)).toEqual({ status: 0, stdout: expected, stderr: '' });
    // The way without settings, by the note of the runtime that made the last container.
    const name = `hooks-runtime-${here.work.slice(-6)}`;
    const program = join(here.work, name);
    symlinkSync(executable(), program);
    const link = `/run/oci-hooks/@runtime/${name}`;
    onTestFinished(() => rmSync(link, { force: true }));
    mkdirSync('/run/oci-hooks/@runtime', { recursive: true, mode: 0o700 });
    symlinkSync(join(here.work, 'real'), link);
    const noted = here.run(args, { program, environment: { OCI_HOOKS_CONFIG: '' } });
    expect(noted).toEqual({ status: 0, stdout: expected, stderr: '' });
  });

  it('takes no note that leads to the wrapper itself, or that somebody else laid there', () => {
    const here = place();
    const name = `hooks-runtime-${here.work.slice(-6)}`;
    const program = join(here.work, name);
    symlinkSync(executable(), program);
    const link = `/run/oci-hooks/@runtime/${name}`;
    onTestFinished(() => rmSync(link, { force: true }));
    mkdirSync('/run/oci-hooks/@runtime', { recursive: true, mode: 0o700 });
    const state = (): Outcome =>
      here.run(['--root', here.work, 'state', 'c1'], { program, environment: { OCI_HOOKS_CONFIG: '' } });
    for (const lay of [
      () => symlinkSync(program, link),
      () => {
        symlinkSync(join(here.work, 'real'), link);
        lchownSync(link, 1234, 1234);
      },
      () => symlinkSync(here.work, link),
    ]) {
      rmSync(link, { force: true });
      lay();
      // The usual runtime answers instead.
      expect(state().stderr).toMatch(/does not exist|no such file/i);
    }
  });

  it('sends the other commands to the runtime that made the last container, without reading the settings', () => {
    const here = place();
    const name = `hooks-runtime-${here.work.slice(-6)}`;
    const program = join(here.work, name);
    symlinkSync(executable(), program);
    const link = `/run/oci-hooks/@runtime/${name}`;
    onTestFinished(() => rmSync(link, { force: true }));
    const { PATH } = process.env;
    const env = { PATH, OCI_HOOKS_CONFIG: '' };
    // Without settings of our own the usual ones hold; their runtime is put there as a create with them would.
    expect(existsSync(link)).toBe(false);
    here.run(['create', '-b', bareBundle(here, 'bundle'), '--help'], { program, environment: env });
    expect(existsSync(link)).toBe(true);
    rmSync(link);
    symlinkSync(join(here.work, 'real'), link);
    expect(here.run(['delete', 'c1'], { program, environment: env }).stdout).toBe('real delete c1\n');
  });
});
