import { readFileSync } from 'node:fs';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import type { OciState } from '../core/oci/state.ts';
import { applyWrites } from '../linux/cgroup/apply-writes.ts';
import { closeTarget, openTarget } from '../linux/cgroup/cgroup-target.ts';
import { readHierarchy } from '../linux/cgroup/container-process.ts';
import { errnoReason } from '../linux/cgroup/errno-reason.ts';
import { OpenCgroup } from '../linux/cgroup/open-cgroup.ts';
import { containerPid } from './container-pid.ts';
import { readRecord, removeRecord, writeRecord } from './record.ts';
import { type Deed, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `delegate` helper is told. */
export interface DelegateFlags extends HelperFlags {
  readonly uid: number;
  readonly gid: number;
  /** Controllers that the container may pass on to cgroups of its own. */
  readonly controllers: readonly string[];
  /** A cgroup below, to which the container's processes are moved first: where controllers are passed on none may stay. */
  readonly leaf: string | undefined;
}

const VERB = 'delegate';

/** Files that a delegatee owns where the kernel does not say (before Linux 4.15); cgroups(7). */
const DELEGATED: readonly string[] = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];

/**
 * Hands the container's cgroup over to a user, who may then make cgroups with limits below it. At poststop the leaf is
 * removed, from the record alone.
 *
 * @throws {SystemError} `CGROUP_V2_NEEDED`, `CGROUP_INTERNAL_PROCESSES`, `CGROUP_WRITE`, ...
 */
export function delegateCgroup(state: OciState, flags: DelegateFlags): HelperReport {
  if (state.status === 'stopped') return removeLeaf(state);
  const target = openTarget({ pid: containerPid(state, flags.sandbox === true) });
  const opened: OpenCgroup[] = [];
  try {
    const cgroup = target.directories.get('unified');
    if (target.version === 1 || cgroup === undefined) throw new SystemError('CGROUP_V2_NEEDED', { what: 'delegation' });
    const deeds: Deed[] = [];
    const isReal = flags.dryRun !== true;
    if (flags.leaf !== undefined) {
      const leafPath = `${cgroup.directory}/${flags.leaf}`;
      deeds.push(['make-directory', leafPath], ['move-processes', cgroup.directory, leafPath]);
      if (isReal) opened.push(moveToLeaf(state, cgroup, flags.leaf));
    }
    if (flags.controllers.length > 0) {
      const value = flags.controllers.map((name) => `+${name}`).join(' ');
      deeds.push(['write', 'cgroup.subtree_control', value]);
      if (isReal) passOn(cgroup, value);
    }
    for (const each of [cgroup, ...opened]) {
      for (const file of [undefined, ...delegatedFiles()]) {
        deeds.push(['chown', file === undefined ? each.directory : `${each.directory}/${file}`, flags.uid, flags.gid]);
        if (isReal) chown(each, file, flags);
      }
    }
    return { cgroup: target.path, deeds, ignored: [], warnings: nsdelegateWarning() };
  } finally {
    for (const each of opened) each.close();
    closeTarget(target);
  }
}

function moveToLeaf(state: OciState, cgroup: OpenCgroup, name: string): OpenCgroup {
  let leaf: OpenCgroup;
  try {
    leaf = cgroup.makeChild(name);
  } catch (error) {
    if (error instanceof SystemError) throw error;
    const path = `${cgroup.directory}/${name}`;
    throw new SystemError('CGROUP_WRITE', { path, value: 'mkdir', reason: errnoReason(error) }, { cause: error });
  }
  const { device, inode } = leaf.identity();
  const { mountPoint, path } = leaf.place;
  writeRecord(state, VERB, { directories: [{ mountPoint, path, device, inode }] });
  // A process may fork while the list is read: what it started is there at the next look.
  for (let pids = cgroup.words('cgroup.procs'); pids.length > 0; pids = cgroup.words('cgroup.procs')) {
    for (const pid of pids) {
      const { failure } = applyWrites([{ file: 'cgroup.procs', value: pid }], () => writeOnly(leaf));
      if (failure !== undefined) {
        leaf.close();
        throw failure;
      }
    }
  }
  return leaf;
}

/** A cgroup whose files are not read first: the processes in a leaf are not what a write of one replaces. */
function writeOnly(cgroup: OpenCgroup) {
  return {
    directory: cgroup.directory,
    read: () => undefined,
    write: (file: string, value: string) => {
      try {
        cgroup.write(file, value);
      } catch (error) {
        // It ended between the look and the move.
        if (errnoOf(error) !== 'ESRCH') throw error;
      }
    },
  };
}

function passOn(cgroup: OpenCgroup, value: string): void {
  const { failure } = applyWrites([{ file: 'cgroup.subtree_control', value }], () => cgroup);
  if (failure === undefined) return;
  if (errnoOf(failure.cause) === 'EBUSY')
    throw new SystemError('CGROUP_INTERNAL_PROCESSES', { path: cgroup.directory });
  throw failure;
}

function delegatedFiles(): readonly string[] {
  try {
    return readFileSync('/sys/kernel/cgroup/delegate', 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    // A kernel before 4.15 has no list.
    return DELEGATED;
  }
}

function chown(cgroup: OpenCgroup, file: string | undefined, { uid, gid }: DelegateFlags): void {
  try {
    cgroup.chown(file, uid, gid);
  } catch (error) {
    // The list names files of controllers that are not here, too.
    if (file !== undefined && errnoOf(error) === 'ENOENT') return;
    const path = file === undefined ? cgroup.directory : `${cgroup.directory}/${file}`;
    throw new SystemError(
      'CGROUP_WRITE',
      { path, value: `${uid}:${gid}`, reason: errnoReason(error) },
      { cause: error },
    );
  }
}

function nsdelegateWarning(): string[] {
  if (readHierarchy().mounts.some(({ nsdelegate }) => nsdelegate)) return [];
  return [
    'cgroup2 is mounted without nsdelegate: with a cgroup namespace of its own the container could lift its own limits; mount it with -o nsdelegate',
  ];
}

function removeLeaf(state: OciState): HelperReport {
  const record = readRecord(state, VERB);
  if (record === undefined) return NOTHING_TO_DO;
  for (const { mountPoint, path, device, inode } of record.directories) {
    const parentPath = path.slice(0, path.lastIndexOf('/')) || '/';
    const name = path.slice(path.lastIndexOf('/') + 1);
    try {
      const leaf = OpenCgroup.open({ mountPoint, path });
      const now = leaf.identity();
      leaf.close();
      // Another directory of this name is not ours to remove.
      if (now.device !== device || now.inode !== inode) continue;
      const parent = OpenCgroup.open({ mountPoint, path: parentPath });
      try {
        parent.removeChild(name);
      } finally {
        parent.close();
      }
    } catch (error) {
      // The runtime removes the container's cgroup with all below: then there is nothing left to do.
      const isGone = error instanceof SystemError ? error.code === 'CGROUP_NOT_FOUND' : errnoOf(error) === 'ENOENT';
      if (!isGone) throw error;
    }
  }
  removeRecord(state, VERB);
  return NOTHING_TO_DO;
}
