import { accessSync, constants, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { delimiter, isAbsolute } from 'node:path';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import { kindOf, readBoundedFile } from './file.ts';

/** A program that was found, by its name. */
export interface FoundProgram {
  readonly name: string;
  readonly path: string;
}

/** How this machine's cgroups are mounted. `unified` is version 2 alone, `hybrid` version 1 with 2 beside it. */
export type CgroupMode = 'unified' | 'hybrid' | 'legacy' | 'none';

/** What stands at a path. */
export type PathState = 'absent' | 'file' | 'directory' | 'socket' | 'other' | 'unreachable';

/** Where distributions put engines and runtimes; looked at before $PATH. */
export const PROGRAM_DIRECTORIES: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

/**
 * Gives every program of these names in these directories, then in those of $PATH; one that several paths lead to is given
 * once. Relative entries of $PATH are passed over: they depend on the working directory.
 */
export function findPrograms(
  names: readonly string[],
  directories: readonly string[],
  searchPath: string,
): FoundProgram[] {
  const places = [...directories, ...searchPath.split(delimiter).filter((entry) => isAbsolute(entry))];
  return names.flatMap((name) => {
    const found = new Map<string, FoundProgram>();
    for (const place of places) {
      const path = `${place}/${name}`;
      const real = executableAt(path);
      if (real !== undefined && !found.has(real)) found.set(real, { name, path });
    }
    return [...found.values()];
  });
}

function executableAt(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile() ? realpathSync(path) : undefined;
  } catch {
    // Not there, or not to be run by us: the next directory may have it.
    return undefined;
  }
}

const MOUNTINFO_LIMIT = 16 * 1024 * 1024;

/** Tells how cgroups are mounted at /sys/fs/cgroup, by the text of /proc/self/mountinfo. Source: proc(5). */
export function cgroupMode(mountinfo: string): CgroupMode {
  let mode: CgroupMode = 'none';
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const place = before.split(' ')[4] ?? '';
    const type = after.split(' ')[0];
    if (type === 'cgroup2' && place === '/sys/fs/cgroup') return 'unified';
    if (type === 'cgroup2' && place.startsWith('/sys/fs/cgroup/')) mode = 'hybrid';
    if (type === 'cgroup' && place.startsWith('/sys/fs/cgroup/') && mode === 'none') mode = 'legacy';
  }
  return mode;
}

/** Gives the text of this process's mountinfo, the empty text when there is none. */
export function readMountinfo(path = '/proc/self/mountinfo'): string {
  const content = readBoundedFile(path, MOUNTINFO_LIMIT);
  return content.kind === 'content' ? content.bytes.toString() : '';
}

/** Tells what stands at a path, links followed. */
export function pathState(path: string): PathState {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return lstatSync(path, { throwIfNoEntry: false }) ? 'unreachable' : 'absent';
  } catch (error) {
    return errnoOf(error) === 'ENOTDIR' ? 'absent' : 'unreachable';
  }
  if (stats.isFile()) return 'file';
  const kind = kindOf(stats);
  return kind === 'directory' || kind === 'socket' ? kind : 'other';
}
