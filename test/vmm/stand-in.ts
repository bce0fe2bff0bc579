import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const BUILD = fileURLToPath(new URL('build.sh', import.meta.url));

/** What the files of real monitors are called, by the style of their threads' names. */
const PROGRAMS = {
  qemu: 'qemu-system-x86_64',
  'cloud-hypervisor': 'cloud-hypervisor',
  firecracker: 'firecracker',
} as const;

/** A running stand-in. */
export interface StandIn {
  readonly pid: number;
  /** Sends a signal and waits until it is obeyed: SIGUSR1 starts a vCPU thread, SIGUSR2 ends the last one. */
  readonly signal: (name: 'SIGUSR1' | 'SIGUSR2') => Promise<void>;
  /** Gives the threads by name. */
  readonly threads: () => ReadonlyMap<string, readonly number[]>;
  readonly end: () => Promise<void>;
}

/** Starts a stand-in from a directory of the test's own; see main.go. */
export async function startStandIn(
  directory: string,
  options: { style?: keyof typeof PROGRAMS; vcpus?: number; helpers?: number; name?: string } = {},
): Promise<StandIn> {
  const { style = 'qemu', vcpus = 2, helpers = 0, name = PROGRAMS[style] } = options;
  mkdirSync(directory, { recursive: true });
  const built = join(directory, 'vmm');
  if (!existsSync(built)) {
    const { status, stderr } = spawnSync(BUILD, [built], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${BUILD} ended with ${status}: ${stderr}`);
  }
  const program = join(directory, name);
  if (!existsSync(program)) copyFileSync(built, program);
  const child = spawn(program, [style, String(vcpus), String(helpers)], { stdio: ['pipe', 'pipe', 'inherit'] });
  await said(child, 'ready');
  const pid = child.pid ?? 0;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    pid,
    signal: async (signal) => {
      const done = said(child, 'done');
      child.kill(signal);
      await done;
    },
    threads: () => {
      const found = new Map<string, number[]>();
      for (const tid of readdirSync(`/proc/${pid}/task`)) {
        const thread = readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').trim();
        found.set(thread, [...(found.get(thread) ?? []), Number(tid)]);
      }
      return found;
    },
    end: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function said(child: ChildProcessByStdio<Writable, Readable, null>, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('the stand-in ended'));
    child.once('exit', fail);
    child.stdout.once('data', (chunk: Buffer) => {
      child.off('exit', fail);
      if (chunk.toString().includes(word)) resolve();
      else reject(new Error(`the stand-in said ${chunk.toString()}`));
    });
  });
}
