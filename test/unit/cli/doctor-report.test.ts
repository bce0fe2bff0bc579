import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type DoctorReport, examine, mustBeMended, type Places } from '../../../src/cli/doctor-report.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hooks-doctor-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const name of ['bin', 'etc', 'hooks.d']) mkdirSync(join(root, name));
});

const write = (path: string, text: string, mode = 0o644): void => {
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
};

const look = (more: Partial<Places> = {}): Promise<DoctorReport> =>
  examine({
    hooksDirectories: [join(root, 'hooks.d')],
    withNriDirectories: true,
    programDirectories: [join(root, 'bin')],
    searchPath: '',
    mountinfo: '',
    policy: join(root, 'etc/policy.yaml'),
    wrapperConfig: join(root, 'etc/runtime.yaml'),
    nriSocket: join(root, 'nri.sock'),
    nriConfig: join(root, 'etc/nri.yaml'),
    nriStatus: join(root, 'status.sock'),
    extensionStages: [],
    ...more,
  });

const toMend = ({ diagnostics }: DoctorReport): string[] => diagnostics.filter(mustBeMended).map(({ code }) => code);

const hook = (path: string, stages: readonly string[] = ['poststop']): string =>
  JSON.stringify({ version: '1.0.0', hook: { path }, when: { always: true }, stages });

describe('examine', () => {
  it('finds nothing wrong with a machine that has nothing', async () => {
    expect(await look({ hooksDirectories: [join(root, 'nowhere')] })).toMatchObject({
      ok: true,
      engines: [],
      runtimes: [],
      cgroup: { mode: 'none' },
      directories: [{ state: 'absent', valid: 0, invalid: 0, inactive: 0 }],
      policy: { state: 'absent' },
      wrapper: { state: 'absent' },
      nri: { state: 'absent', settings: { state: 'absent' } },
      diagnostics: [],
    });
  });

  it('finds engines and asks runtimes for their stages', async () => {
    write('bin/podman', '', 0o755);
    write('bin/crio', '', 0o644);
    write('bin/runc', `#!/bin/sh\n[ "$1" = features ] && echo '{"hooks": ["poststop"]}'\n`, 0o755);
    write('bin/crun', '#!/bin/sh\necho unknown command >&2\nexit 1\n', 0o755);
    const report = await look();
    expect(report).toMatchObject({
      ok: true,
      engines: [{ name: 'podman', path: join(root, 'bin/podman') }],
      runtimes: [
        { name: 'runc', stages: ['poststop'] },
        { name: 'crun', unknown: 'exit status 1: unknown command' },
      ],
    });
  });

  it('does not run a runtime that others could change', async () => {
    write('bin/runc', `#!/bin/sh\ntouch ${root}/was-run\necho '{}'\n`, 0o777);
    const report = await look();
    expect(report.runtimes).toMatchObject([{ unknown: expect.stringContaining('not asked') }]);
    expect(toMend(report)).toEqual(['PERMISSION_UNSAFE']);
    expect(await look({ nriSocket: join(root, 'was-run') })).toMatchObject({ nri: { state: 'absent' } });
  });

  it('looks in $PATH too, but not in relative entries of it, and names a program once', async () => {
    write('bin/podman', '', 0o755);
    mkdirSync(join(root, 'other'));
    symlinkSync(join(root, 'bin/podman'), join(root, 'other/podman'));
    const report = await look({ searchPath: `bin:.:${join(root, 'other')}` });
    expect(report.engines).toEqual([{ name: 'podman', path: join(root, 'bin/podman') }]);
    expect((await look({ programDirectories: [], searchPath: join(root, 'other') })).engines).toHaveLength(1);
  });

  it('counts definitions, and wants those with errors mended', async () => {
    write('hooks.d/10.json', hook('/bin/true'));
    write('hooks.d/20.json', hook('/nowhere/program'));
    write('hooks.d/30.json', '{');
    const report = await look();
    expect(report.directories).toMatchObject([{ state: 'directory', valid: 2, invalid: 1, inactive: 1 }]);
    expect(toMend(report)).toEqual(['JSON_SYNTAX']);
    expect(report.ok).toBe(false);
  });

  it.each([
    [
      'a hook that is not executable',
      () => write('hooks.d/10.json', hook(join(root, 'hooks.d/10.json'))),
      'HOOK_NOT_EXECUTABLE',
    ],
    ['a hook that is a directory', () => write('hooks.d/10.json', hook(root)), 'HOOK_PATH_NOT_A_FILE'],
    ['a directory that others may write', () => chmodSync(join(root, 'hooks.d'), 0o777), 'PERMISSION_UNSAFE'],
    ['a policy that others may write', () => write('etc/policy.yaml', '', 0o666), 'PERMISSION_UNSAFE'],
    ['a policy that is a directory', () => mkdirSync(join(root, 'etc/policy.yaml')), 'FILE_NOT_REGULAR'],
    [
      'a wrapper configuration that leads nowhere',
      () => symlinkSync('nowhere', join(root, 'etc/runtime.yaml')),
      'FILE_UNREADABLE',
    ],
  ] as const)('wants %s mended', async (_title, make, code) => {
    make();
    const report = await look();
    expect(report.ok).toBe(false);
    expect(toMend(report)).toEqual([code]);
  });

  it('looks where the settings of the NRI plugin say', async () => {
    mkdirSync(join(root, 'more'));
    write('more/10.json', '{');
    const own = { socketPath: join(root, 'own.sock'), status: join(root, 'etc'), hooksDirs: [join(root, 'more')] };
    write('etc/nri.yaml', JSON.stringify(own));
    const nriDirectories = { hooksDirectories: [], nriSocket: join(root, 'etc') };
    const report = await look(nriDirectories);
    expect(report.nri).toMatchObject({ path: own.socketPath, state: 'absent', settings: { inForce: own } });
    expect(report.directories).toMatchObject([{ path: join(root, 'more'), invalid: 1 }]);
    expect((await look({ ...nriDirectories, withNriDirectories: false })).directories).toEqual([]);
  });

  it.each([
    ['a setting of the NRI plugin that is not known', 'hooksDir: [/x]'],
    ['metrics of the NRI plugin for everybody', 'metrics: 0.0.0.0:9464'],
  ])('wants mended: %s', async (_what, text) => {
    write('etc/nri.yaml', text);
    const report = await look();
    expect(toMend(report)).toEqual(['SETTING_VALUE']);
    expect(report.nri.settings.inForce).toBeUndefined();
  });

  it('says which settings and which runtime hold for each name of the wrapper', async () => {
    for (const name of ['crun', 'other']) write(`bin/${name}`, '#!/bin/sh\n', 0o755);
    for (const name of ['hooks-runtime', 'hooks-runtime-gpu', 'hooks-runtimes']) write(`bin/${name}`, '', 0o755);
    const [crun, other] = [join(root, 'bin/crun'), join(root, 'bin/other')];
    write('etc/runtime.yaml', `runtime: ${crun}\nonError: skip\nprofiles: {gpu: {runtime: ${other}}}\n`);
    const { ok, wrapper } = await look();
    expect(ok).toBe(true);
    expect(wrapper).toMatchObject({
      state: 'file',
      programs: [
        { name: 'hooks-runtime', path: join(root, 'bin/hooks-runtime'), settings: { onError: 'skip' }, runtime: crun },
        { name: 'hooks-runtime-gpu', profile: 'gpu', settings: { onError: 'skip' }, runtime: other },
      ],
    });
  });

  it('says once what is wrong with the settings of the wrapper, also before it is there', async () => {
    write('etc/runtime.yaml', 'onError: maybe\n');
    expect(toMend(await look())).toEqual(['SETTING_VALUE']);
    for (const name of ['hooks-runtime', 'hooks-runtime-gpu']) write(`bin/${name}`, '', 0o755);
    const report = await look();
    expect(toMend(report)).toEqual(['SETTING_VALUE']);
    expect(report.wrapper.programs.map(({ settings }) => settings)).toEqual([undefined, undefined]);
  });

  it.each([
    ['a profile that a name chooses and nobody wrote', 'hooks-runtime-gpu', 'profiles: {}', 'PROFILE_UNKNOWN'],
    ['a wrapper without a runtime', 'hooks-runtime', 'runtime: [/no/such]', 'SETTING_VALUE'],
  ])('wants mended: %s', async (_what, name, settings, code) => {
    write(`bin/${name}`, '', 0o755);
    write('etc/runtime.yaml', settings);
    expect(toMend(await look())).toEqual([code]);
  });

  it('warns of a stage that a runtime does not run', async () => {
    write('bin/runc', `#!/bin/sh\necho '{"hooks": ["poststop"]}'\n`, 0o755);
    write('hooks.d/10.json', hook('/bin/true', ['poststart', 'poststop']));
    const report = await look();
    expect(report.ok).toBe(true);
    expect(report.diagnostics).toMatchObject([{ code: 'RUNTIME_STAGE_UNSUPPORTED', args: { stage: 'poststart' } }]);
  });

  it('sees the NRI socket', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'nri.sock'), resolve));
    expect((await look()).nri.state).toBe('socket');
    server.close();
  });
});
