import { readdirSync, readFileSync } from 'node:fs';
import type { ProcessIdentity } from '../cgroup/container-process.ts';

/** A process and who started it. */
export interface ProcessEntry extends ProcessIdentity {
  readonly parent: number;
}

/** A thread with the name that it gave itself, which proves nothing. */
export interface Thread {
  readonly tid: number;
  readonly name: string;
}

/** More threads than any virtual machine has; a process that starts more must not keep us busy. */
const THREADS_LIMIT = 16_384;

/** Reads the processes of this machine, as far as /proc shows them. */
export function listProcesses(): ProcessEntry[] {
  return numbersIn('/proc').flatMap((pid) => processEntry(pid) ?? []);
}

/** Gives a process with all that it and its children started, itself first. Those that ended meanwhile are left out. */
export function processTree(pid: number, processes: readonly ProcessEntry[] = listProcesses()): ProcessEntry[] {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of processes) {
    const siblings = children.get(entry.parent);
    if (siblings === undefined) children.set(entry.parent, [entry]);
    else siblings.push(entry);
  }
  const found = new Set(processes.filter((entry) => entry.pid === pid));
  // A set gives what is added while it is walked.
  for (const { pid: parent } of found) for (const child of children.get(parent) ?? []) found.add(child);
  return [...found];
}

/** Gives the parent of a process; undefined where it is gone. */
export function parentOf(pid: number): number | undefined {
  return processEntry(pid)?.parent;
}

/** Reads the threads of a process; none where it is gone. */
export function listThreads(pid: number): Thread[] {
  return numbersIn(`/proc/${pid}/task`)
    .slice(0, THREADS_LIMIT)
    .flatMap((tid) => {
      const name = readText(`/proc/${pid}/task/${tid}/comm`);
      return name === undefined ? [] : [{ tid, name: name.replace(/\n$/, '') }];
    });
}

/** Tells whether a thread is one of a process now. */
export function isThreadOf(pid: number, tid: number): boolean {
  return readText(`/proc/${pid}/task/${tid}/comm`) !== undefined;
}

function processEntry(pid: number): ProcessEntry | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  // The name (field 2) may hold spaces and parentheses: the fields after it begin at the last ")".
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, parent] = fields ?? [];
  const startTime = fields?.[19];
  if (startTime === undefined || parent === undefined || state === 'X') return undefined;
  return { pid, startTime, parent: Number(parent) };
}

function numbersIn(directory: string): number[] {
  try {
    return readdirSync(directory)
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    // The process ended: it has no threads any more.
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended between the listing and the look.
    return undefined;
  }
}
