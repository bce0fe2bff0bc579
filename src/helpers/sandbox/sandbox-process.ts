import { readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { OciState } from '../../core/oci/state.ts';
import { readBoundedFile } from '../../host/file.ts';
import { identifyProcess, type ProcessIdentity } from '../../linux/cgroup/container-process.ts';
import { parentOf, processTree } from '../../linux/process/process-tree.ts';
import { namePid } from '../container-pid.ts';

/** The processes of a sandbox whose guest runs in a virtual machine. */
export interface SandboxProcesses {
  /** The virtual machine monitor. */
  readonly vmm: ProcessIdentity;
  /** The shim that started it; undefined where the monitor's parent is none. */
  readonly shim: ProcessIdentity | undefined;
}

/** Where Kata's Go runtime has QEMU write its pid. Only root may write there. */
const KATA_VM_DIRECTORY = '/run/vc/vm';

/** The shims of containerd; Kata's is one, and with Dragonball it is the monitor itself. */
const SHIM = /^containerd-shim-[a-z0-9-]+$/;

/**
 * Finds the virtual machine monitor of a state. Kata's Go runtime gives a thread of its shim: then the monitor is the one
 * below the shim, or the one that Kata's own pid file names, or the shim itself (Dragonball).
 *
 * @param sandbox - the administrator says that the pid is the monitor's, whatever its program is called
 * @throws {SystemError} `PROCESS_NONE`, `PROCESS_NOT_VMM`, `PROCESS_NEVER_VMM`, `PROCESS_GONE`
 */
export function sandboxProcesses({ id, pid }: OciState, sandbox: boolean): SandboxProcesses {
  if (pid === undefined) throw new SystemError('PROCESS_NONE', { id });
  const { kind, leader } = namePid(pid);
  if (kind !== 'vmm' && !sandbox) throw new SystemError('PROCESS_NOT_VMM', { pid, kind: WORDS[kind] });
  const monitor = SHIM.test(programOf(leader)) ? (monitorBelow(leader) ?? monitorByPidFile(id) ?? leader) : leader;
  const kindBarred = barredKind(monitor);
  if (kindBarred !== undefined) throw new SystemError('PROCESS_NEVER_VMM', { pid, kind: kindBarred });
  const parent = monitor === leader ? parentOf(monitor) : leader;
  const isShim = parent !== undefined && parent > 1 && SHIM.test(programOf(parent));
  return { vmm: identifyProcess(monitor), shim: isShim ? identifyProcess(parent) : undefined };
}

const WORDS = {
  process: 'an ordinary process',
  thread: 'a thread of an ordinary process',
  vmm: 'a virtual machine monitor',
  sandbox: 'the sandbox of a whole pod',
} as const;

/**
 * Names what no sandbox ever is, whatever the administrator says: to move it with all below it would move the machine. A
 * shim is above the hooks that it runs, and may be the monitor itself.
 */
function barredKind(pid: number): string | undefined {
  if (pid === 1) return 'the first process of the machine';
  const program = programOf(pid);
  if (program === '') return 'a kernel thread, or one that has ended';
  for (let at: number | undefined = process.pid; at !== undefined && at > 1; at = parentOf(at)) {
    if (at === pid && !SHIM.test(program)) return 'this helper, or above it';
  }
  return undefined;
}

function monitorBelow(shim: number): number | undefined {
  return processTree(shim).find(({ pid }) => pid !== shim && isMonitor(pid))?.pid;
}

function monitorByPidFile(id: string): number | undefined {
  const content = readBoundedFile(`${KATA_VM_DIRECTORY}/${id}/pid`, 64);
  // Not every monitor has one.
  if (content.kind !== 'content') return undefined;
  const text = content.bytes.toString('latin1').trim();
  const pid = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  return pid > 1 && isMonitor(pid) ? pid : undefined;
}

function isMonitor(pid: number): boolean {
  try {
    return namePid(pid).kind === 'vmm' && !SHIM.test(programOf(pid));
  } catch {
    // It ended meanwhile.
    return false;
  }
}

function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
  } catch {
    // A kernel thread, or one that ended: no shim.
    return '';
  }
}
