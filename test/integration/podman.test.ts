import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OciConfig } from '../../src/core/oci/config.ts';
import { hooks } from '../hooks-program.ts';
import { requires, root } from '../requirement.ts';

// Podman 4.3.1 is the judge: of the same definitions and the same container it and `hooks inject` make the same hooks.
// This release leaves prestart hooks in prestart, and keeps precreate and poststop to itself (extension stages).

const PODMAN_STAGES = ['--extension-stage', 'precreate', '--extension-stage', 'poststop'];

interface Container {
  readonly title: string;
  readonly options: readonly string[];
  readonly command: readonly string[];
  /** As given to --has-bind-mounts; Podman counts volumes of every kind. */
  readonly hasBindMounts: 'user' | 'true';
}

const CONTAINERS: readonly Container[] = [
  { title: 'a plain container', options: [], command: ['sleep', '600'], hasBindMounts: 'user' },
  {
    title: 'a container with annotations',
    options: ['--annotation', 'com.example.gpu=all', '--annotation', 'team=ml'],
    command: ['sleep', '600'],
    hasBindMounts: 'user',
  },
  {
    title: 'a container with a bind mount',
    options: ['--volume', '/srv:/data:ro'],
    command: ['/bin/sleep', '600'],
    hasBindMounts: 'user',
  },
  {
    title: 'a container with a bind mount and an annotation',
    options: ['--mount', 'type=bind,source=/srv,destination=/data', '--annotation', 'team=all'],
    command: ['sh', '-c', 'sleep 600'],
    hasBindMounts: 'user',
  },
  {
    title: 'a container with a tmpfs, which Podman counts as a volume',
    options: ['--tmpfs', '/scratch'],
    command: ['sleep', '600'],
    hasBindMounts: 'true',
  },
];

function cases(name: string): string {
  return fileURLToPath(new URL(`../cases/podman/${name}`, import.meta.url));
}

function examples(name: string): string {
  return fileURLToPath(new URL(`../../examples/hooks.d/${name}`, import.meta.url));
}

function hooksDirs(directories: readonly string[]): string[] {
  return directories.flatMap((directory) => ['--hooks-dir', directory]);
}

requires(['podman', 'runc', 'busybox', root], () => {
  let work: string;

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'hooks-podman-'));
    mkdirSync(join(work, 'rootfs/bin'), { recursive: true });
    mkdirSync(join(work, 'none'));
    copyFileSync('/bin/busybox', join(work, 'rootfs/bin/busybox'));
    for (const applet of ['sh', 'sleep']) symlinkSync('busybox', join(work, 'rootfs/bin', applet));
    // Limits that root may set without CAP_SYS_RESOURCE; runc, because crun refuses a hybrid cgroup hierarchy.
    writeFileSync(
      join(work, 'containers.conf'),
      [
        '[containers]',
        'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
        '[engine]',
        'cgroup_manager = "cgroupfs"',
        'events_logger = "none"',
        'runtime = "runc"',
        '',
      ].join('\n'),
    );
  });

  afterAll(() => {
    rmSync(work, { recursive: true, force: true });
  });

  function podman(args: readonly string[]): string {
    const storage = ['--root', join(work, 'storage'), '--runroot', join(work, 'run'), '--tmpdir', join(work, 'tmp')];
    return execFileSync('podman', [...storage, '--storage-driver', 'vfs', ...args], {
      encoding: 'utf8',
      env: { ...process.env, CONTAINERS_CONF: join(work, 'containers.conf') },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
    }).trim();
  }

  /** The config.json that Podman writes for a container under these hooks directories. */
  function configByPodman(container: Pick<Container, 'options' | 'command'>, directories: readonly string[]): string {
    const options = ['--network', 'none', ...container.options, '--rootfs', join(work, 'rootfs')];
    const id = podman(['create', ...options, ...container.command]);
    try {
      podman([...hooksDirs(directories), 'init', id]);
      return readFileSync(podman(['inspect', '--format', '{{.OCIConfigPath}}', id]), 'utf8');
    } finally {
      podman([...hooksDirs(directories), 'rm', '--force', id]);
    }
  }

  function hooksByPodman(container: Container, directories: readonly string[]): unknown {
    return (JSON.parse(configByPodman(container, directories)) as OciConfig).hooks;
  }

  function hooksByUs(container: Container, directories: readonly string[]): unknown {
    const without = configByPodman(container, [join(work, 'none')]);
    const flags = [...hooksDirs(directories), ...PODMAN_STAGES, '--has-bind-mounts', container.hasBindMounts];
    const outcome = hooks(['inject', '-', ...flags], without);
    expect({ status: outcome.status, stderr: outcome.status === 0 ? '' : outcome.stderr }).toEqual({
      status: 0,
      stderr: '',
    });
    return (JSON.parse(outcome.stdout) as OciConfig).hooks;
  }

  describe.each(CONTAINERS)('$title', (container) => {
    it.each([
      ['conditions, stages and order of one directory', [cases('base')]],
      ['two directories, the second preferred', [cases('base'), cases('override')]],
      ['two directories, the other way round', [cases('override'), cases('base')]],
      [
        "a vendor's directory, one that is missing, and one of the old format",
        [examples('gpu'), '/nonexistent', examples('v0.1.0')],
      ],
    ])('gets the same hooks from Podman and from hooks inject: %s', (_title, directories) => {
      const expected = hooksByPodman(container, directories);
      expect(hooksByUs(container, directories)).toEqual(expected);
    });
  });

  it('is a fair judge: the definitions tried give hooks at every stage that Podman puts into a config', () => {
    const given = hooksByPodman(CONTAINERS[1] as Container, [cases('base')]) as Record<string, unknown[]>;
    expect(Object.keys(given).sort()).toEqual([
      'createContainer',
      'createRuntime',
      'poststart',
      'prestart',
      'startContainer',
    ]);
    expect(given['prestart']?.length).toBeGreaterThan(15);
  });

  it.each(['unknown-stage', 'broken-json', 'bad-regex'])('refuses what Podman refuses: %s', (name) => {
    const container = { options: [], command: ['sleep', '600'] };
    expect(() => configByPodman(container, [cases(name)])).toThrow();
    const config = configByPodman(container, [join(work, 'none')]);
    expect(hooks(['inject', '-', '--hooks-dir', cases(name), ...PODMAN_STAGES], config).status).toBe(1);
  });

  it("reports as extension stages the precreate and poststop hooks that Podman runs itself, in Podman's order", () => {
    const directory = join(work, 'extension.d');
    const log = join(work, 'log');
    mkdirSync(directory);
    // A precreate hook prints the config it gets.
    writeFileSync(join(work, 'record'), `#!/bin/sh\necho "$1 $2" >> ${log}\n[ "$1" != precreate ] || exec cat\n`);
    chmodSync(join(work, 'record'), 0o755);
    for (const name of ['20-second', '10-First', '30-third']) {
      for (const stage of ['precreate', 'poststop']) {
        const hook = { path: join(work, 'record'), args: ['record', stage, name], env: ['PATH=/usr/bin:/bin'] };
        const definition = { version: '1.0.0', hook, when: { always: name !== '30-third' }, stages: [stage] };
        writeFileSync(join(directory, `${name}-${stage}.json`), JSON.stringify(definition));
      }
    }
    const container = { options: [], command: ['sleep', '600'] };
    const without = configByPodman(container, [join(work, 'none')]);
    configByPodman(container, [directory]);
    const ran = readFileSync(log, 'utf8').trim().split('\n');

    const report = join(work, 'report.json');
    const flags = ['--hooks-dir', directory, ...PODMAN_STAGES, '--report', report];
    const outcome = hooks(['inject', '-', ...flags], without);
    expect(outcome.status).toBe(0);
    const { extension } = JSON.parse(readFileSync(report, 'utf8')) as {
      extension: Record<string, { args: string[] }[]>;
    };
    const planned = ['precreate', 'poststop'].flatMap((stage) =>
      (extension[stage] ?? []).map(({ args }) => args.slice(1).join(' ')),
    );
    expect(planned).toEqual(ran);
    expect(planned).toEqual(['precreate 10-First', 'precreate 20-second', 'poststop 10-First', 'poststop 20-second']);
  });
});
