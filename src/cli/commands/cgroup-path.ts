import { readFileSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { resolveCgroupsPath } from '../../linux/cgroup/cgroups-path.ts';
import { locateContainer } from '../../linux/cgroup/container-process.ts';
import { errorDocuments } from '../../linux/cgroup/plan-document.ts';
import { mainDirectory, type ProcessLocation } from '../../linux/cgroup/process-cgroup.ts';
import { unitOfCgroup } from '../../linux/systemd/unit-of-cgroup.ts';
import { writeFindings } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks cgroup path`. */
export interface CgroupPathFlags {
  readonly pid?: string;
  readonly cgroupsPath?: string;
  readonly id?: string;
  readonly driver?: 'cgroupfs' | 'systemd';
  readonly runtime: 'runc' | 'crun' | 'kata';
  readonly rootless?: boolean;
  readonly uid?: string;
  readonly cgroup: '1' | '2';
  readonly ownCgroup?: string;
  readonly subgroup?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Does `hooks cgroup path`: where a runtime puts a container, or where a running one is. */
export async function cgroupPath(flags: CgroupPathFlags): Promise<ExitStatus> {
  if (flags.pid !== undefined) {
    if (flags.cgroupsPath !== undefined || flags.id !== undefined) {
      throw new UsageError('--pid asks for a running process; --cgroups-path and --id for one to come');
    }
    return pathOfProcess(wholeNumber('--pid', flags.pid), flags);
  }
  return pathToCome(flags);
}

function pathToCome(flags: CgroupPathFlags): ExitStatus {
  const { cgroupsPath = '', id } = flags;
  if (id === undefined && cgroupsPath === '') throw new UsageError('give --pid N, or --cgroups-path PATH --id ID');
  const resolved = resolveCgroupsPath({
    cgroupsPath,
    // Only an empty path is named after the container.
    id: id ?? '-',
    driver: flags.driver,
    runtime: flags.runtime,
    cgroup: flags.cgroup === '1' ? 1 : 2,
    rootlessUid: flags.rootless ? wholeNumber('--uid', flags.uid ?? String(process.getuid?.() ?? 0)) : undefined,
    ownCgroup: flags.ownCgroup,
    subgroup: flags.subgroup,
  });
  if ('problem' in resolved) {
    const errors = errorDocuments([resolved.problem]);
    if (flags.json) writeJson({ path: null, slice: null, unit: null, errors });
    else writeFindings({ ignored: [], errors });
    return EXIT.no;
  }
  const { path, slice, unit } = resolved.value;
  if (flags.json) writeJson({ path, slice: slice ?? null, unit: unit ?? null });
  else writeResult(`${path}\n`);
  return EXIT.done;
}

function pathOfProcess(pid: number, flags: CgroupPathFlags): ExitStatus {
  const location = locateContainer(pid);
  const main = mainDirectory(location);
  const outside = location.unlocated.find(({ reason }) => reason !== 'not-mounted');
  if (main === undefined || (location.mode === 'unified' && outside !== undefined)) {
    throw new SystemError('CGROUP_OUTSIDE', { pid, reason: outside?.reason ?? 'it is in none that is mounted here' });
  }
  const owner = unitOfCgroup(main.path);
  const directories = directoriesOf(location);
  if (flags.json) {
    const { path } = main;
    writeJson({ path, slice: owner?.slice ?? null, unit: owner?.unit ?? null, mode: location.mode, directories });
    return EXIT.done;
  }
  writeResult(`${main.path}\n`);
  if (!flags.quiet) for (const [name, directory] of Object.entries(directories)) writeNote(`${name} ${directory}`);
  return EXIT.done;
}

/** Controller -> directory; `unified` is the v2 hierarchy, whose controllers are listed too where it has any. */
function directoriesOf(location: ProcessLocation): Record<string, string> {
  const entries = location.directories.flatMap(({ controller, version, directory }): [string, string][] => {
    if (version === 1) return [[controller, directory]];
    return [controller, ...controllersOf(directory)].map((name) => [name, directory]);
  });
  return Object.fromEntries(entries);
}

function controllersOf(directory: string): string[] {
  try {
    return readFileSync(`${directory}/cgroup.controllers`, 'utf8')
      .split(/\s+/)
      .filter((name) => name !== '');
  } catch {
    // The cgroup went away meanwhile, or cannot be read: its directory is still the answer.
    return [];
  }
}

function wholeNumber(flag: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new UsageError(`${flag} wants a number, not ${text}`);
  return Number(text);
}
