import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerPid, namePid } from '../../../src/helpers/container-pid.ts';

const STATE = { id: 'c', status: 'created', bundle: '/b', annotations: {} };

describe('containerPid', () => {
  let directory: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-pid-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(directory, { recursive: true });
  });

  /** Starts a copy of sleep(1) under another name and gives its pid once it runs. */
  async function running(name: string): Promise<number> {
    const program = join(directory, name);
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['100']);
    children.push(child);
    await new Promise((resolve) => child.once('spawn', resolve));
    return child.pid ?? 0;
  }

  it('is that of an ordinary process', async () => {
    const pid = await running('nginx');
    expect(containerPid({ ...STATE, pid }, false)).toBe(pid);
  });

  it.each([
    ['qemu-system-x86_64', 'vmm'],
    ['cloud-hypervisor', 'vmm'],
    ['runsc-sandbox', 'sandbox'],
  ])('is not that of %s, unless the sandbox is meant', async (name, kind) => {
    const pid = await running(name);
    expect(namePid(pid)).toEqual({ kind, pid, leader: pid });
    expect(() => containerPid({ ...STATE, pid }, false)).toThrow(
      expect.objectContaining({ code: 'PROCESS_NOT_CONTAINER' }),
    );
    expect(containerPid({ ...STATE, pid }, true)).toBe(pid);
  });

  it('is missing at poststop and for a process that ended', () => {
    expect(() => containerPid({ ...STATE, pid: undefined }, false)).toThrow(
      expect.objectContaining({ code: 'PROCESS_NONE' }),
    );
    expect(() => containerPid({ ...STATE, pid: 4194305 }, false)).toThrow(
      expect.objectContaining({ code: 'PROCESS_GONE' }),
    );
  });
});
