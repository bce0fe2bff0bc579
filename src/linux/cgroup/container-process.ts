import { readFileSync, writeFileSync } from 'node:fs';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import type { WritePlace } from './apply-writes.ts';
import { errnoReason } from './errno-reason.ts';
import { type CgroupHierarchy, detectHierarchy } from './hierarchy.ts';
import { locateProcess, type ProcessLocation, parseProcessCgroups } from './process-cgroup.ts';

/** A process, told from every other that had or will have its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot. */
  readonly startTime: string;
}

/**
 * Reads which process has a number now.
 *
 * @throws {SystemError} `PROCESS_GONE`
 */
export function identifyProcess(pid: number): ProcessIdentity {
  const stat = readOfProcess(pid, 'stat');
  // The name (field 2) may hold spaces and parentheses: the fields after it begin at the last ")".
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = fields[19];
  if (startTime === undefined || fields[0] === 'X') throw new SystemError('PROCESS_GONE', { pid });
  return { pid, startTime };
}

/**
 * Makes sure that a process is still the one it was.
 *
 * @throws {SystemError} `PROCESS_GONE`, `PROCESS_REUSED`
 */
export function assertSameProcess(process: ProcessIdentity): void {
  if (identifyProcess(process.pid).startTime !== process.startTime) {
    throw new SystemError('PROCESS_REUSED', { pid: process.pid });
  }
}

/**
 * Finds the cgroups of a process as this machine's own processes see them; see `locateProcess` for what it leaves out.
 *
 * @throws {SystemError} `PROCESS_GONE`, `CGROUP_NOT_MOUNTED`
 */
export function locateContainer(pid: number): ProcessLocation {
  return locateProcess(readHierarchy(), parseProcessCgroups(readOfProcess(pid, 'cgroup')));
}

/**
 * Reads the cgroup hierarchy of this process's own mount namespace.
 *
 * @throws {SystemError} `CGROUP_NOT_MOUNTED`
 */
export function readHierarchy(): CgroupHierarchy {
  const hierarchy = detectHierarchy(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (hierarchy === undefined) throw new SystemError('CGROUP_NOT_MOUNTED', { what: 'any cgroup' });
  return hierarchy;
}

/**
 * Gives a process's directory in /proc as a place to write to. Each use looks at the process's start time first, so that a
 * later process with its number is left alone.
 */
export function processFiles(process: ProcessIdentity): WritePlace {
  const directory = `/proc/${process.pid}`;
  return {
    directory,
    read: (file) => {
      assertSameProcess(process);
      return readFileSync(`${directory}/${file}`, 'utf8');
    },
    write: (file, value) => {
      assertSameProcess(process);
      writeFileSync(`${directory}/${file}`, value);
    },
  };
}

function readOfProcess(pid: number, file: 'stat' | 'cgroup'): string {
  const path = `/proc/${pid}/${file}`;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const isGone = ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '');
    if (isGone) throw new SystemError('PROCESS_GONE', { pid }, { cause: error });
    throw new SystemError('CGROUP_READ', { path, reason: errnoReason(error) }, { cause: error });
  }
}
