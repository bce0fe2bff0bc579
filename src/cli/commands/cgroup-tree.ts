import { escapeControls } from '../../core/diagnostic/quote.ts';
import { type CgroupTree, readTree, type TreeNode, type TreeProcess } from '../../linux/cgroup/cgroup-tree.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks cgroup tree`. */
export interface CgroupTreeFlags {
  readonly depth: string;
  readonly entries: string;
  readonly cgroupRoot?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Does `hooks cgroup tree`: a cgroup and what is below it, as text or data. */
export async function cgroupTree(path: string, flags: CgroupTreeFlags): Promise<ExitStatus> {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (!path.startsWith('/') || parts.includes('..')) {
    throw new UsageError('PATH counts from the root of the hierarchy, starts with "/" and has no ".."');
  }
  const tree = readTree({
    path: `/${parts.join('/')}`,
    root: flags.cgroupRoot,
    depth: wholeNumber('--depth', flags.depth, 0, 128),
    entries: wholeNumber('--entries', flags.entries, 1, 100_000),
  });
  const isCut = isCutSomewhere(tree.root);
  if (flags.json) writeJson({ mode: tree.mode, cut: isCut, root: asData(tree.root) });
  else {
    writeResult(treeText(tree));
    if (isCut && !flags.quiet) writeNote('hooks: there is more than is shown: see --depth and --entries');
  }
  return EXIT.done;
}

function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${flag} wants ${least} to ${most}, not ${text}`);
}

function isCutSomewhere(node: TreeNode): boolean {
  return node.isCut || node.children.some(isCutSomewhere);
}

function asData({ isCut, type, children, ...rest }: TreeNode): object {
  return { ...rest, type: type ?? null, cut: isCut, children: children.map(asData) };
}

/** Gives a tree as a picture of lines. Names come from whoever runs there: nothing in them is obeyed by a terminal. */
export function treeText({ mode, root }: CgroupTree): string {
  const top = `${root.path}${mode === 'unified' ? '' : ` [${root.hierarchies.join(' ')}]`}`;
  return [line(top, root), ...linesBelow(root)].map((text) => `${escapeControls(text)}\n`).join('');
}

function line(name: string, { type, limits }: TreeNode): string {
  const settings = limits.map(({ file, value }) => `${file}=${/\s/.test(value) ? JSON.stringify(value) : value}`);
  return [name, ...(type === undefined ? [] : [`(${type})`]), ...settings].join('  ');
}

/** Processes come first, then the cgroups below; the last of all has another corner. */
function linesBelow(node: TreeNode): string[] {
  const parts = [
    ...node.processes.map((process) => processLines(process, node)),
    ...node.children.map((child) => {
      return [line(`${child.name}/${labels(child.hierarchies, node.hierarchies)}`, child), ...linesBelow(child)];
    }),
    ...(node.isCut ? [['…']] : []),
  ];
  return parts.flatMap(([first = '', ...rest], index) => {
    const isLast = index === parts.length - 1;
    return [`${isLast ? '└─ ' : '├─ '}${first}`, ...rest.map((text) => `${isLast ? '   ' : '│  '}${text}`)];
  });
}

function processLines({ pid, name, hierarchies, threads }: TreeProcess, node: TreeNode): string[] {
  return [
    `${pid} ${name}${labels(hierarchies, node.hierarchies)}`,
    ...threads.map((thread, index) => {
      const corner = index === threads.length - 1 ? '└─' : '├─';
      return `${corner} thread ${thread.tid} ${thread.name}${labels(thread.hierarchies, hierarchies)}`;
    }),
  ];
}

/** Says in which hierarchies something is, where it is not in all of those that count: the shorter of two ways. */
function labels(present: readonly string[], all: readonly string[]): string {
  const missing = all.filter((name) => !present.includes(name));
  if (missing.length === 0) return '';
  return missing.length < present.length ? ` [all but ${missing.join(' ')}]` : ` [${present.join(' ')}]`;
}
