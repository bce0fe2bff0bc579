import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';
import type { OciState } from '../core/oci/state.ts';

/** What `pid` of a state names: Kata gives its hypervisor or a thread of it, gVisor the sandbox of the whole pod. */
export type PidKind = 'process' | 'thread' | 'vmm' | 'sandbox';

/** What /proc says of a process or a thread. */
export interface ProcessView {
  /** The last part of /proc/PID/exe; empty where it cannot be read. */
  readonly program: string;
  /** The process that it belongs to: its own number, unless it is a thread. */
  readonly leader: number;
}

/** Looks at a process or a thread; undefined where there is none. */
export type LookAtProcess = (pid: number) => ProcessView | undefined;

/** A pid with what it is. */
export interface NamedPid {
  readonly kind: PidKind;
  readonly pid: number;
  /** The process: `pid` itself, or the one that it is a thread of. */
  readonly leader: number;
}

/**
 * Programs whose pid a runtime hands out in the place of the container's; names as the kernel has them in /proc/PID/exe.
 * Kata's shim is one of them: its Go runtime gives a thread of it, and with Dragonball it is the virtual machine monitor.
 */
const VMM =
  /^(qemu(-system-.+|-kvm)?|cloud-hypervisor(-.+)?|firecracker|stratovirt|acrn-dm|dragonball|containerd-shim-kata-v2)$/;
const SANDBOX = /^runsc(-sandbox)?$/;

/**
 * Names what a pid is. A thread of a sandbox or of a virtual machine monitor counts as the whole.
 *
 * @throws {SystemError} `PROCESS_GONE`
 */
export function namePid(pid: number, look: LookAtProcess = lookAtProcess): NamedPid {
  const view = look(pid);
  if (view === undefined) throw new SystemError('PROCESS_GONE', { pid });
  const { program, leader } = view;
  if (VMM.test(program)) return { kind: 'vmm', pid, leader };
  if (SANDBOX.test(program)) return { kind: 'sandbox', pid, leader };
  return { kind: leader === pid ? 'process' : 'thread', pid, leader };
}

/**
 * Gives the pid of a container for a helper that acts on one container.
 *
 * @param sandbox - the administrator means the sandbox or virtual machine as a whole
 * @throws {SystemError} `PROCESS_NONE`, `PROCESS_NOT_CONTAINER`, `PROCESS_GONE`
 */
export function containerPid({ id, pid }: OciState, sandbox: boolean, look: LookAtProcess = lookAtProcess): number {
  if (pid === undefined) throw new SystemError('PROCESS_NONE', { id });
  const { kind } = namePid(pid, look);
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

function lookAtProcess(pid: number): ProcessView | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It ended, or never was: nothing else keeps this file from being read.
    return undefined;
  }
  return { program: programOf(pid), leader: Number(/^Tgid:\t(\d+)$/m.exec(status)?.[1] ?? pid) };
}

function programOf(pid: number): string {
  try {
    return basename(readlinkSync(`/proc/${pid}/exe`)).replace(/ \(deleted\)$/, '');
  } catch {
    // A kernel thread, or another user's process: neither is one of the programs asked for.
    return '';
  }
}
