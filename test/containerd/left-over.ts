import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';

const CGROUPS = '/sys/fs/cgroup';

/** The processes that name the text in their arguments, apart from this one. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        // It ended since the directory was read.
        return false;
      }
    });
}

/** The cgroups of this name under each hierarchy, v1 and v2. */
function cgroupsNamed(name: string): string[] {
  if (!existsSync(CGROUPS)) return [];
  return [CGROUPS, ...readdirSync(CGROUPS).map((hierarchy) => join(CGROUPS, hierarchy))]
    .map((directory) => join(directory, name))
    .filter((directory) => existsSync(directory));
}

function beneath(cgroup: string): string[] {
  const children = readdirSync(cgroup, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  // Leaves first: a cgroup with children is not removed.
  return [...children.flatMap((entry) => beneath(join(cgroup, entry.name))), cgroup];
}

/** Ends what a containerd left, whatever became of it: its shims and containers, its mounts, its cgroups, its directory. */
export async function removeLeftOver(work: string, cgroupParent: string): Promise<void> {
  await endAll(work, cgroupParent);
  for (const group of cgroupsNamed(cgroupParent).flatMap(beneath)) rmdirSync(group);
  rmSync(work, { recursive: true, force: true });
}

/** The file that tells whose a directory is: the process number of the tests. */
const OWNER = 'owner';

/** Notes that a directory is this process's. */
export function own(work: string): void {
  writeFileSync(join(work, OWNER), String(process.pid));
}

/** Removes what tests left that were killed: daemons in directories of this prefix whose owner is gone. */
export async function removeOrphans(prefix: string): Promise<void> {
  for (const name of readdirSync(dirname(prefix)).filter((entry) => entry.startsWith(basename(prefix)))) {
    const work = join(dirname(prefix), name);
    try {
      if (!existsSync(`/proc/${readFileSync(join(work, OWNER), 'utf8')}`)) await removeLeftOver(work, name);
    } catch {
      // Another test file does the same, or has only now made this directory.
    }
  }
}

/** Leaves of a containerd what a machine keeps that lost its power: its files, but for those that are in memory. */
export async function losePower(work: string, cgroupParent: string, inMemory: readonly string[]): Promise<void> {
  await endAll(work, cgroupParent);
  for (const directory of inMemory) rmSync(directory, { recursive: true, force: true });
}

async function endAll(work: string, cgroupParent: string): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    const groups = cgroupsNamed(cgroupParent).flatMap(beneath);
    const members = groups.flatMap((group) => readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n'));
    const pids = new Set([...processesNaming(`${work}/`), ...members.filter((line) => line !== '').map(Number)]);
    pids.delete(process.pid);
    for (const pid of pids) kill(pid);
    if (pids.size === 0) break;
    await after(20);
  }
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => target.startsWith(`${work}/`));
  for (const target of mounts.reverse()) spawnSync('umount', ['--lazy', target]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}
