import type { CgroupBranch } from '../../linux/cgroup/branch.ts';
import type { CgroupPlace } from '../../linux/cgroup/open-cgroup.ts';
import { type HelperRecord, type RecordKey, readRecord, removeRecord, writeRecord } from '../record.ts';
import type { OverheadLayout } from './overhead-layout.ts';
import type { Origin } from './overhead-moves.ts';
import type { SandboxProcesses } from './sandbox-process.ts';
import type { VcpuSelector } from './vcpu-threads.ts';

/** What `sandbox-overhead` keeps: what it undoes, and how threads that come later are placed. */
export interface OverheadRecord extends HelperRecord {
  /**
   * Cgroups that were not there and that this helper was about to make, top first: those of a helper that was killed
   * before it could write down which they are. They hold no process that it put there, and have its mark.
   */
  readonly intended: readonly CgroupPlace[];
  readonly branches: readonly CgroupBranch[];
  readonly layout: OverheadLayout;
  readonly processes: readonly [];
  readonly sandbox: SandboxProcesses;
  /** The shim and what it started belong to the sandbox. */
  readonly withShim: boolean;
  readonly selector: VcpuSelector;
  /** Where the processes came from: a process goes back there where the cgroup above takes none. */
  readonly origins: readonly Origin[];
  /** Scopes that systemd made, which go when they are empty. */
  readonly scopes: readonly CgroupPlace[];
}

/** The verb, which names the record's file. */
export const OVERHEAD_VERB = 'sandbox-overhead';

/** Reads what was kept for a sandbox; throws as `readRecord`. */
export function readOverheadRecord(key: RecordKey): OverheadRecord | undefined {
  // Written by this program, in a directory that nobody else can write to.
  return readRecord(key, OVERHEAD_VERB) as OverheadRecord | undefined;
}

/** Keeps what has to be undone; throws as `writeRecord`. */
export function writeOverheadRecord(key: RecordKey, record: OverheadRecord): void {
  writeRecord(key, OVERHEAD_VERB, record);
}

/** Forgets it; throws as `removeRecord`. */
export function removeOverheadRecord(key: RecordKey): void {
  removeRecord(key, OVERHEAD_VERB);
}
