import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { V2_MOUNT } from './device-box.ts';

/** How the runtime sees cgroups: v2 alone (in a mount namespace of its own), or as this machine has them. */
export type CgroupView = 'v2' | 'host';

/** What a test container is made of. */
export interface TestContainer {
  readonly runtime: 'runc' | 'crun';
  readonly view: CgroupView;
  /** Hook commands for createRuntime. */
  readonly hooks: readonly (readonly string[])[];
  readonly annotations?: Readonly<Record<string, string>>;
  /** More of linux.resources.devices, after the denial of everything. */
  readonly rules?: readonly object[];
}

const DEVICES = [
  { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666 },
  { path: '/dev/loop-control', type: 'c', major: 10, minor: 237, fileMode: 0o666 },
];

const TRIED = ['/dev/fuse', '/dev/loop-control', '/dev/null', '/dev/zero', '/dev/urandom', '/dev/tty'];

/** What a container could open, and what was said meanwhile. */
export interface Outcome {
  readonly status: number | null;
  /** The devices of the container that opened for reading and writing. */
  readonly opened: readonly string[];
  readonly stderr: string;
}

let count = 0;

/** Runs a container whose init tries to open devices, and gives what happened. */
export function runContainer({ runtime, view, hooks, annotations = {}, rules = [] }: TestContainer): Outcome {
  const name = `hooks-test-${process.pid}-${count++}`;
  const bundle = mkdtempSync(join(tmpdir(), `${name}-`));
  try {
    makeRootfs(join(bundle, 'rootfs'));
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config(name, hooks, annotations, rules)));
    const run = `exec ${runtime} --root "$1/state" run --bundle "$1" "$2"`;
    const script = `mount --make-rprivate / && ${VIEWS[runtime][view]} ${run}`;
    const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', bundle, name], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    return { status, opened: stdout.split('\n').filter((line) => line !== ''), stderr };
  } finally {
    removeCgroups(name);
    if (existsSync(HUGETLB) && readdirSync(HUGETLB).length === 0) rmdirSync(HUGETLB);
    rmSync(bundle, { recursive: true, force: true });
  }
}

// crun in hybrid mode wants every controller on v1, and hugetlb is often left on v2. The first mount may find it busy.
const HUGETLB = '/sys/fs/cgroup/hugetlb';
const VIEWS: Readonly<Record<'runc' | 'crun', Readonly<Record<CgroupView, string>>>> = {
  runc: { v2: `mount --bind ${V2_MOUNT} /sys/fs/cgroup &&`, host: '' },
  crun: {
    v2: `mount --bind ${V2_MOUNT} /sys/fs/cgroup &&`,
    host: `{ mkdir -p ${HUGETLB}; for try in 1 2 3 4 5; do mount -t cgroup -o hugetlb hugetlb ${HUGETLB} && break; sleep 0.2; done; } &&`,
  },
};

function makeRootfs(rootfs: string): void {
  for (const directory of ['bin', 'dev', 'proc']) mkdirSync(join(rootfs, directory), { recursive: true });
  cpSync('/bin/busybox', join(rootfs, 'bin/busybox'), { dereference: true });
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
}

function config(
  name: string,
  hooks: readonly (readonly string[])[],
  annotations: Readonly<Record<string, string>>,
  rules: readonly object[],
): object {
  const attempts = TRIED.map((path) => `(: 3<>${path}) 2>/dev/null && echo ${path};`);
  return {
    ociVersion: '1.0.2',
    process: {
      args: ['/bin/sh', '-c', `${attempts.join(' ')} true`],
      cwd: '/',
      env: ['PATH=/bin'],
      user: { uid: 0, gid: 0 },
    },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    ],
    annotations,
    hooks: { createRuntime: hooks.map((args) => ({ path: args[0], args, env: ['PATH=/usr/bin:/bin'] })) },
    linux: {
      namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }, { type: 'uts' }],
      cgroupsPath: `/${name}`,
      devices: DEVICES,
      resources: { devices: [{ allow: false, access: 'rwm' }, ...rules] },
    },
  };
}

/** runc and crun leave directories of hierarchies that they do not know. */
function removeCgroups(name: string): void {
  for (const mount of readdirSync('/sys/fs/cgroup').map((entry) => `/sys/fs/cgroup/${entry}`)) {
    if (existsSync(`${mount}/${name}`)) rmdirSync(`${mount}/${name}`);
  }
}

/** Tells whether this process may raise limits: crun 1.8 cannot load a device program without. */
export function maySetLimits(): boolean {
  const effective = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n;
}
