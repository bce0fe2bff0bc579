import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { readHierarchy } from './container-process.ts';
import { type CgroupMode, mountFor } from './hierarchy.ts';
import { type LimitSetting, limitSettings } from './limit-setting.ts';
import { type CgroupPlace, ifThere, OpenCgroup } from './open-cgroup.ts';

/** A thread, in a directory that does not hold the whole of its process. */
export interface TreeThread {
  readonly tid: number;
  readonly name: string;
  /** The hierarchies in which it is in this directory. */
  readonly hierarchies: readonly string[];
}

/** A process of a directory. `threads` is empty where all of them are here, in every hierarchy. */
export interface TreeProcess {
  readonly pid: number;
  readonly name: string;
  readonly hierarchies: readonly string[];
  readonly threads: readonly TreeThread[];
}

/** A cgroup with all below it: on v1 the directories of one path in every hierarchy, taken together. */
export interface TreeNode {
  readonly name: string;
  readonly path: string;
  /** The hierarchies that have this directory: `unified`, or the controllers of a v1 mount with commas between. */
  readonly hierarchies: readonly string[];
  /** cgroup.type where it is not `domain`: `threaded`, `domain threaded`, `domain invalid`. */
  readonly type: string | undefined;
  /** What is set to another value than a new directory has. */
  readonly limits: readonly LimitSetting[];
  readonly processes: readonly TreeProcess[];
  readonly children: readonly TreeNode[];
  /** There is more below or in it than was asked for. */
  readonly isCut: boolean;
}

/** A part of the cgroup hierarchy at one moment; what comes or goes meanwhile may be in it or not. */
export interface CgroupTree {
  readonly mode: CgroupMode;
  readonly root: TreeNode;
}

/** What is looked at, and how much of it at most. */
export interface TreeOptions {
  /** Counted from the root of the hierarchy. */
  readonly path: string;
  /** A plain directory instead of /sys/fs/cgroup. */
  readonly root: string | undefined;
  /** Levels below `path`. */
  readonly depth: number;
  /** Directories, processes and threads together. */
  readonly entries: number;
}

/**
 * Reads a cgroup and what is below it, never through a link, and changes nothing.
 *
 * @throws {SystemError} `CGROUP_NOT_FOUND` where no hierarchy has it, `CGROUP_LINK`, `CGROUP_NOT_CGROUP`, `CGROUP_READ`
 */
export function readTree(options: TreeOptions): CgroupTree {
  const { path, root, depth } = options;
  const { mode, places } = root === undefined ? placesOnMachine(path) : placesBelow(root, path);
  const opened = new Map<string, OpenCgroup>();
  try {
    for (const [hierarchy, place] of places) {
      const cgroup = OpenCgroup.openIfThere(place);
      if (cgroup !== undefined) opened.set(hierarchy, cgroup);
    }
    if (opened.size === 0) throw new SystemError('CGROUP_NOT_FOUND', { path });
    const name = path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1);
    const budget: Budget = { left: options.entries - 1, leaders: new Map() };
    return { mode, root: readNode({ name, path, opened, above: [] }, depth, budget) };
  } finally {
    closeAll(opened);
  }
}

type Opened = ReadonlyMap<string, OpenCgroup>;

interface Budget {
  left: number;
  /** Thread -> process, as far as was asked: on v1 every hierarchy lists the same threads. */
  readonly leaders: Map<number, number>;
}

interface OpenedNode {
  readonly name: string;
  readonly path: string;
  readonly opened: Opened;
  /** What is set in the directory above, which a cpuset of v1 begins with. */
  readonly above: readonly LimitSetting[];
}

function readNode({ name, path, opened, above }: OpenedNode, depth: number, budget: Budget): TreeNode {
  const unified = opened.get('unified');
  const type = unified?.read('cgroup.type')?.trim();
  const settings = [...opened.values()].flatMap((cgroup) => limitSettings(cgroup)).toSorted(byFile);
  const limits = settings.filter((each) => !isOfParent(each, above));
  const processes = readProcesses(opened, type, budget);
  const names = [...new Set([...opened.values()].flatMap((cgroup) => cgroup.children(budget.left + 1)))].toSorted();
  const children: TreeNode[] = [];
  for (const child of depth > 0 ? names : []) {
    if (budget.left <= 0) break;
    const below = openChildren(opened, child);
    try {
      if (below.size === 0) continue;
      budget.left--;
      const node = { name: child, path: `${path === '/' ? '' : path}/${child}`, opened: below, above: settings };
      children.push(readNode(node, depth - 1, budget));
    } finally {
      closeAll(below);
    }
  }
  return {
    name,
    path,
    hierarchies: [...opened.keys()],
    type: type === 'domain' || type === '' ? undefined : type,
    limits,
    processes: processes.list,
    children,
    isCut:
      processes.isCut ||
      (depth === 0 && names.length > 0) ||
      (depth > 0 && budget.left <= 0 && children.length < names.length),
  };
}

function byFile(a: LimitSetting, b: LimitSetting): number {
  return a.file < b.file ? -1 : 1;
}

/** A list of processors that is that of the directory above bounds nothing. */
function isOfParent({ file, value }: LimitSetting, above: readonly LimitSetting[]): boolean {
  return file.startsWith('cpuset.') && above.some((each) => each.file === file && each.value === value);
}

function openChildren(opened: Opened, name: string): Map<string, OpenCgroup> {
  const below = new Map<string, OpenCgroup>();
  for (const [hierarchy, cgroup] of opened) {
    const child = ifThere(() => cgroup.openChild(name));
    if (child !== undefined) below.set(hierarchy, child);
  }
  return below;
}

/** Gives the processes of a directory by number, each with its threads where some of them are elsewhere. */
function readProcesses(
  opened: Opened,
  type: string | undefined,
  budget: Budget,
): { readonly list: TreeProcess[]; readonly isCut: boolean } {
  const found = new Map<number, Map<string, readonly number[]>>();
  for (const [hierarchy, cgroup] of opened) {
    for (const [pid, tids] of threadsByProcess(hierarchy, cgroup, type, budget.leaders)) {
      found.set(pid, (found.get(pid) ?? new Map<string, readonly number[]>()).set(hierarchy, tids));
    }
  }
  const list: TreeProcess[] = [];
  for (const [pid, byHierarchy] of [...found].toSorted(([a], [b]) => a - b)) {
    if (budget.left <= 0) return { list, isCut: true };
    budget.left--;
    const all = allThreads(pid);
    const isSplit = [...byHierarchy.values()].some((tids) => tids.length > 0 && tids.length < all);
    const threads = isSplit ? threadsOf(byHierarchy) : [];
    const shown = threads.slice(0, Math.max(budget.left, 0));
    budget.left -= shown.length;
    list.push({ pid, name: nameOf(pid), hierarchies: [...byHierarchy.keys()], threads: shown });
    if (shown.length < threads.length) return { list, isCut: true };
  }
  return { list, isCut: false };
}

/**
 * Gives the processes that one directory holds, each with the threads of it that are there. On v2 that is asked for where
 * threads may part alone: elsewhere the list is empty, and the process is there as a whole.
 */
function threadsByProcess(
  hierarchy: string,
  cgroup: OpenCgroup,
  type: string | undefined,
  leaders: Map<number, number>,
): Map<number, readonly number[]> {
  const mayPart = hierarchy !== 'unified' || type?.includes('threaded') === true;
  const processes = new Map<number, number[]>();
  // In a threaded directory cgroup.procs cannot be read, and at the head of its domain it lists the whole domain.
  if (!mayPart) for (const pid of numbers(cgroup, 'cgroup.procs')) processes.set(pid, []);
  else {
    for (const tid of numbers(cgroup, hierarchy === 'unified' ? 'cgroup.threads' : 'tasks')) {
      const pid = leaders.get(tid) ?? leaderOf(tid);
      leaders.set(tid, pid);
      const tids = processes.get(pid);
      if (tids === undefined) processes.set(pid, [tid]);
      else tids.push(tid);
    }
  }
  return processes;
}

function numbers(cgroup: OpenCgroup, file: string): number[] {
  // A process outside of this program's pid namespace is listed as 0.
  return cgroup.words(file).flatMap((word) => (/^[1-9]\d{0,9}$/.test(word) ? [Number(word)] : []));
}

function threadsOf(byHierarchy: ReadonlyMap<string, readonly number[]>): TreeThread[] {
  const hierarchies = new Map<number, string[]>();
  for (const [hierarchy, tids] of byHierarchy) {
    for (const tid of tids) hierarchies.set(tid, [...(hierarchies.get(tid) ?? []), hierarchy]);
  }
  return [...hierarchies]
    .toSorted(([a], [b]) => a - b)
    .map(([tid, names]) => ({ tid, name: nameOf(tid), hierarchies: names }));
}

function leaderOf(tid: number): number {
  return Number(/^Tgid:\t(\d+)$/m.exec(textOf(`/proc/${tid}/status`))?.[1] ?? tid);
}

function allThreads(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    // It ended while its directory was read.
    return 0;
  }
}

/** The name as the kernel has it, without its line end; empty for what has ended. */
function nameOf(tid: number): string {
  return textOf(`/proc/${tid}/comm`).replace(/\n$/, '');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It ended while its directory was read.
    return '';
  }
}

interface Places {
  readonly mode: CgroupMode;
  readonly places: ReadonlyMap<string, CgroupPlace>;
}

function placesOnMachine(path: string): Places {
  const hierarchy = readHierarchy();
  const places = new Map<string, CgroupPlace>();
  const seen = new Set<string>();
  const names = [undefined, ...hierarchy.mounts.flatMap(({ controllers }) => controllers)];
  for (const name of names) {
    const mount = mountFor(hierarchy, name, path);
    if (mount === undefined || seen.has(mount.mountPoint)) continue;
    seen.add(mount.mountPoint);
    const below = mount.root === '/' ? path : path.slice(mount.root.length) || '/';
    places.set(name === undefined ? 'unified' : mount.controllers.join(','), {
      mountPoint: mount.mountPoint,
      path: below,
    });
  }
  return { mode: hierarchy.mode, places };
}

function placesBelow(root: string, path: string): Places {
  const v1 = V1_DIRECTORIES.filter((name) => lstatSync(`${root}/${name}`, { throwIfNoEntry: false })?.isDirectory());
  if (v1.length === 0)
    return { mode: 'unified', places: new Map([['unified', { mountPoint: root, path, isPlain: true }]]) };
  return {
    mode: 'v1',
    places: new Map(v1.map((name) => [name, { mountPoint: `${root}/${name}`, path, isPlain: true }])),
  };
}

const V1_DIRECTORIES: readonly string[] = ['blkio', 'cpu', 'cpuacct', 'cpuset', 'devices', 'memory', 'pids'];

function closeAll(opened: Opened): void {
  for (const cgroup of opened.values()) cgroup.close();
}
