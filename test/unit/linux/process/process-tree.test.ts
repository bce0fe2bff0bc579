import { describe, expect, it } from 'vitest';
import {
  isThreadOf,
  listProcesses,
  listThreads,
  parentOf,
  processTree,
} from '../../../../src/linux/process/process-tree.ts';

const entry = (pid: number, parent: number) => ({ pid, parent, startTime: '1' });

describe('processTree', () => {
  it('gives a process and all below it, itself first', () => {
    const processes = [entry(1, 0), entry(5, 3), entry(3, 2), entry(2, 1), entry(4, 2), entry(9, 1)];
    expect(processTree(2, processes).map(({ pid }) => pid)).toEqual([2, 3, 4, 5]);
    expect(processTree(7, processes)).toEqual([]);
  });

  it('ends where /proc was read while numbers were given out again', () => {
    expect(processTree(2, [entry(2, 3), entry(3, 2)]).map(({ pid }) => pid)).toEqual([2, 3]);
  });

  it('finds this process below its parent', () => {
    const parent = parentOf(process.pid);
    expect(parent).toBe(process.ppid);
    expect(processTree(process.ppid, listProcesses()).map(({ pid }) => pid)).toContain(process.pid);
  });
});

describe('listThreads', () => {
  it('gives the threads of a process with their names, and none of one that is gone', () => {
    const threads = listThreads(process.pid);
    expect(threads.map(({ tid }) => tid)).toContain(process.pid);
    expect(listThreads(4_194_305)).toEqual([]);
    expect(parentOf(4_194_305)).toBeUndefined();
  });

  it('tells a thread of a process from one of another', () => {
    expect(isThreadOf(process.pid, process.pid)).toBe(true);
    expect(isThreadOf(process.pid, process.ppid)).toBe(false);
  });
});
