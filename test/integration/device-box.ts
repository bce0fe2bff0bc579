import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, statfsSync } from 'node:fs';
import { OpenCgroup } from '../../src/linux/cgroup/open-cgroup.ts';
import type { Requirement } from '../requirement.ts';

const CGROUP2_MAGIC = 0x63677270;
const PLACES = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** Where the v2 hierarchy is mounted on this machine. */
export const V2_MOUNT: string | undefined = PLACES.find(
  (path) => existsSync(path) && statfsSync(path).type === CGROUP2_MAGIC,
);

/** A v2 hierarchy, in hybrid mode too: device programs need no controller. */
export const cgroupV2: Requirement = {
  name: 'cgroup v2',
  missing: () => (V2_MOUNT === undefined ? `needs cgroup2 at ${PLACES.join(' or ')}` : undefined),
};

/** Devices to try: both have a node on every kernel with these drivers. */
export const devices: Requirement = {
  name: '/dev/fuse and /dev/loop-control',
  missing: () =>
    existsSync('/dev/fuse') && existsSync('/dev/loop-control') ? undefined : 'needs /dev/fuse and /dev/loop-control',
};

/** Makes a cgroup for a test, of this test process's own name. */
export function makeCgroup(name: string): OpenCgroup {
  const path = `/hooks-test-${process.pid}-${name}`;
  mkdirSync(`${V2_MOUNT}${path}`);
  return OpenCgroup.open({ mountPoint: V2_MOUNT ?? '', path });
}

/** Removes a cgroup and those below it. */
export function removeCgroup(cgroup: OpenCgroup): void {
  const remove = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) remove(`${directory}/${entry.name}`);
    }
    rmdirSync(directory);
  };
  remove(cgroup.directory);
  cgroup.close();
}

/** Tries to open a device from within a cgroup, for reading (`<`), writing (`>>`) or both (`<>`). */
export function opens(cgroup: OpenCgroup | string, device: string, how: '<' | '>>' | '<>' = '<>'): boolean {
  const directory = typeof cgroup === 'string' ? cgroup : cgroup.directory;
  const script = `echo $$ > "$1/cgroup.procs" && exec 3${how}"$2"`;
  const { status } = spawnSync('sh', ['-c', script, 'sh', directory, device], { stdio: 'ignore' });
  return status === 0;
}
