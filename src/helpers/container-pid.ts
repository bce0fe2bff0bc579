import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';
import type { OciState } from '../core/oci/state.ts';

/** What `pid` of a state names: Kata gives its hypervisor or a thread of it, gVisor the sandbox of the whole pod. */
export type PidKind = 'process' | 'thread' | 'vmm' | 'sandbox';

/** Programs whose pid a runtime hands out in the place of the container's; names as the kernel has them in /proc/PID/exe. */
const VMM = /^(qemu(-system-.+|-kvm)?|cloud-hypervisor|firecracker|stratovirt|acrn-dm|containerd-shim-kata-v2)$/;
const SANDBOX = /^runsc(-sandbox)?$/;

/**
 * Names what a pid is.
 *
 * @throws {SystemError} `PROCESS_GONE`
 */
export function pidKind(pid: number): PidKind {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    throw new SystemError('PROCESS_GONE', { pid }, { cause: error });
  }
  const program = programOf(pid);
  if (VMM.test(program)) return 'vmm';
  if (SANDBOX.test(program)) return 'sandbox';
  return /^Tgid:\t(\d+)$/m.exec(status)?.[1] === String(pid) ? 'process' : 'thread';
}

/**
 * Gives the pid of a container for a helper that acts on one container.
 *
 * @param sandbox - the administrator means the sandbox or virtual machine as a whole
 * @throws {SystemError} `PROCESS_NONE`, `PROCESS_NOT_CONTAINER`, `PROCESS_GONE`
 */
export function containerPid({ id, pid }: OciState, sandbox: boolean): number {
  if (pid === undefined) throw new SystemError('PROCESS_NONE', { id });
  const kind = pidKind(pid);
  if (kind !== 'process' && !(sandbox && kind !== 'thread')) {
    throw new SystemError('PROCESS_NOT_CONTAINER', { pid, kind: WORDS[kind] });
  }
  return pid;
}

const WORDS = {
  thread: 'a thread',
  vmm: 'a virtual machine monitor',
  sandbox: 'the sandbox of a whole pod',
} as const;

function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
  } catch {
    // A kernel thread, or another user's process: neither is one of the programs asked for.
    return '';
  }
}
