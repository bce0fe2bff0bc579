import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { treeText } from '../../../../src/cli/commands/cgroup-tree.ts';
import { readTree } from '../../../../src/linux/cgroup/cgroup-tree.ts';

describe('a tree of cgroups', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hooks-tree-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const write = (files: Readonly<Record<string, string>>): void => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  const read = (path: string, depth = 9, entries = 99) => readTree({ path, root, depth, entries });

  it('names what is set, and nothing that a new directory has', () => {
    write({
      'a/cpu.max': 'max 100000\n',
      'a/memory.max': '4096\n',
      'a/pids.max': 'max\n',
      'a/b/cpu.max': '1000 5000\n',
      'a/b/cgroup.type': 'threaded\n',
    });
    expect(treeText(read('/a'))).toBe('/a  memory.max=4096\n└─ b/  (threaded)  cpu.max="1000 5000"\n');
  });

  it('shows processes with their names before the cgroups below', () => {
    write({ 'a/cgroup.procs': `${process.ppid}\n${process.pid}\n0\n`, 'a/z/x': '', 'a/b/x': '' });
    const { root: node } = read('/a');
    expect(node.processes.map(({ pid }) => pid)).toEqual([process.ppid, process.pid].toSorted((a, b) => a - b));
    expect(node.children.map(({ name }) => name)).toEqual(['b', 'z']);
    expect(treeText(read('/a')).split('\n')[3]).toBe('├─ b/');
  });

  it('takes the directories of one path together on v1, and says where one is missing', () => {
    write({
      'memory/a/c/memory.limit_in_bytes': '4096\n',
      'memory/a/memory.limit_in_bytes': '9223372036854771712\n',
      'pids/a/pids.max': '7\n',
      'pids/a/c/pids.max': 'max\n',
      'pids/a/d/pids.max': '8\n',
    });
    expect(treeText(read('/a'))).toBe(
      '/a [memory pids]  pids.max=7\n├─ c/  memory.limit_in_bytes=4096\n└─ d/ [pids]  pids.max=8\n',
    );
  });

  it('shows the threads of a process that is not in one place as a whole', () => {
    write({ 'memory/a/tasks': `${process.pid}\n`, 'pids/a/tasks': '' });
    const [shown] = read('/a').root.processes;
    expect(shown).toMatchObject({ pid: process.pid, threads: [{ tid: process.pid, hierarchies: ['memory'] }] });
  });

  it('writes no character that a terminal would obey', () => {
    mkdirSync(join(root, 'a/\u001b[31mred\n'), { recursive: true });
    expect(treeText(read('/a'))).toBe('/a\n└─ \\u001b[31mred\\u000a/\n');
  });

  it.each([
    [0, 99],
    [9, 2],
  ])('ends at depth %i and %i entries, and says so', (depth, entries) => {
    write({ 'a/b/x': '', 'a/c/x': '', 'a/d/x': '' });
    const tree = read('/a', depth, entries);
    expect(tree.root.isCut).toBe(true);
    expect(treeText(tree)).toMatch(/└─ …\n$/);
    expect(tree.root.children.length).toBeLessThan(2);
  });

  it('is whole where it just fits', () => {
    write({ 'a/b/x': '', 'a/c/x': '' });
    expect(read('/a', 1, 3).root).toMatchObject({ isCut: false, children: [{ isCut: false }, { isCut: false }] });
  });

  it('goes through no link, and is an error for what is not there', () => {
    write({ 'b/x': '' });
    symlinkSync(join(root, 'b'), join(root, 'link'));
    expect(() => read('/link')).toThrow(expect.objectContaining({ code: 'CGROUP_LINK' }));
    expect(() => read('/none')).toThrow(expect.objectContaining({ code: 'CGROUP_NOT_FOUND' }));
    expect(read('/').root.children.map(({ name }) => name)).toEqual(['b']);
  });
});
