import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Requirement, requires, root } from '../../requirement.ts';
import { executable, script, type WrapperPlace, wrapperPlace } from './wrapper.ts';

// Rootless Podman starts the runtime in a user namespace: its user is root there, and the machine's root is nobody.

const USER = 61_234;

const subordinateIds: Requirement = {
  name: 'subordinate ids',
  missing: () =>
    existsSync('/etc/subuid') && existsSync('/etc/subgid')
      ? undefined
      : 'needs /etc/subuid and /etc/subgid (Debian: uidmap)',
};

// A user of the test's own, whom only these mounts know; the processes that Podman leaves end with the namespace.
const AS_USER = `
mount --bind "$WORK/passwd" /etc/passwd
mount --bind "$WORK/group" /etc/group
mount --bind "$WORK/subid" /etc/subuid
mount --bind "$WORK/subid" /etc/subgid
mkdir -p "/run/user"
mount -t tmpfs tmpfs /run/user
mkdir -m 700 "$XDG_RUNTIME_DIR"
chown ${USER}:${USER} "$XDG_RUNTIME_DIR"
cd "$WORK/home"
user() {
  setpriv --reuid ${USER} --regid ${USER} --clear-groups env -i HOME="$WORK/home" XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" PATH=/usr/bin:/bin:/usr/sbin:/sbin "$@"
}
podman() {
  user podman --cgroup-manager cgroupfs --storage-driver vfs --runtime "$WORK/between" "$@" 2>> "$WORK/said"
}
podman run --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --cidfile "$WORK/home/id" --rootfs "$WORK/rootfs" sh -c 'echo inside'
echo "status $?"
read -r id < "$WORK/home/id"
user "$WORK/hooks" runs "$id" --json
`;

function rootlessPlace(runtime: string): WrapperPlace {
  const place = wrapperPlace({ runtime, recordHooks: true });
  const file = (name: string, text: string): void => writeFileSync(join(place.work, name), text);
  file('passwd', `${readFileSync('/etc/passwd', 'utf8')}hooks-test:x:${USER}:${USER}::${place.work}/home:/bin/sh\n`);
  file('group', `${readFileSync('/etc/group', 'utf8')}hooks-test:x:${USER}:\n`);
  file('subid', 'hooks-test:700000:65536\n');
  file('said', '');
  chmodSync(join(place.work, 'said'), 0o666);
  symlinkSync(executable(), join(place.work, 'hooks'));
  mkdirSync(join(place.work, 'home'));
  chownSync(join(place.work, 'home'), USER, USER);
  const rootfs = join(place.work, 'rootfs');
  for (const directory of ['bin', 'proc', 'sys', 'dev', 'tmp']) {
    mkdirSync(join(rootfs, directory), { recursive: true });
    chownSync(join(rootfs, directory), USER, USER);
  }
  chownSync(rootfs, USER, USER);
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'));
  symlinkSync('busybox', join(rootfs, 'bin/sh'));
  const { OCI_HOOKS_CONFIG } = place.environment;
  script(place, 'between', `OCI_HOOKS_CONFIG=${OCI_HOOKS_CONFIG} exec ${place.program} "$@"`);
  return place;
}

interface Outcome {
  readonly shown: string;
  readonly said: string;
}

function run(place: WrapperPlace): Outcome {
  const { stdout, stderr } = spawnSync(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      '--propagation',
      'private',
      'bash',
      '--norc',
      '-c',
      AS_USER,
    ],
    {
      env: { PATH: process.env['PATH'], WORK: place.work, XDG_RUNTIME_DIR: `/run/user/${USER}` },
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  return { shown: stdout, said: `${readFileSync(join(place.work, 'said'), 'utf8')}${stderr}` };
}

requires([root, 'podman', 'busybox', 'unshare', 'setpriv', 'newuidmap', subordinateIds], () => {
  describe.each(['runc', 'crun'])('rootless Podman with %s', (runtime) => {
    requires(runtime, () => {
      it('runs hooks of definitions that root owns, as the user, and the user finds what they said', () => {
        const place = rootlessPlace(runtime);
        const hook = { path: '/bin/sh', args: ['sh', '-c', 'cat > /dev/null; echo said'], env: ['PATH=/bin:/usr/bin'] };
        place.define('10.json', { hook, stages: ['createRuntime', 'poststop'] });
        const { shown, said } = run(place);
        expect([shown, said]).toEqual([expect.stringMatching(/^inside\nstatus 0\n\{/), expect.any(String)]);
        const { runs } = JSON.parse(shown.slice(shown.indexOf('{')));
        expect(runs).toMatchObject([
          { stage: 'createRuntime', status: 0, stdout: 'said\n' },
          { stage: 'poststop', status: 0, stdout: 'said\n' },
        ]);
      });

      it('refuses a definition that others could change', () => {
        const place = rootlessPlace(runtime);
        place.define('10.json', { hook: { path: '/bin/true' } });
        chmodSync(join(place.hooksDir, '10.json'), 0o666);
        const { shown, said } = run(place);
        expect(shown).toContain('status 126\n');
        expect(said).toContain('PERMISSION_UNSAFE');
      });
    });
  });
});
