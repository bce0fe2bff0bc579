import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { type InstallRecord, readInstallRecord, recordPath, sha256Of, writeInstallRecord } from './install-record.ts';
import { reasonOf } from './write-file.ts';

/** A file to write into a directory. */
export interface NewFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What came of one file. */
export interface WrittenFile {
  readonly name: string;
  readonly state: 'new' | 'replaced' | 'unchanged';
}

/** Why a file was not written. */
export interface InstallConflict {
  readonly name: string;
  readonly reason: 'foreign' | 'changed' | 'not-a-file';
}

/** What an installation did: all of the files, or none where one is in conflict. */
export interface InstallOutcome {
  readonly written: readonly WrittenFile[];
  readonly conflicts: readonly InstallConflict[];
}

const LARGEST = 64 * 1024 * 1024;

/**
 * Writes files into a directory, all of them or none, and records them there, so that `uninstallFiles` removes exactly
 * these. The directory is made when it is not there. A file of the same name is replaced only when it is one of ours and
 * unchanged, or with `force`.
 *
 * @throws {SystemError} `FILE_WRITE`, `DIRECTORY_MAKE`, `INSTALL_RECORD`; everything is then as it was
 */
export function installFiles(
  directory: string,
  files: readonly NewFile[],
  options: { readonly force?: boolean } = {},
): InstallOutcome {
  const record = readInstallRecord(directory);
  const planned = files.map((file) => ({ file, there: stateOf(directory, file, record) }));
  const conflicts = planned.flatMap(({ file, there }) => {
    if (there === 'new' || there === 'replaced' || there === 'unchanged') return [];
    return options.force && there !== 'not-a-file' ? [] : [{ name: file.name, reason: there }];
  });
  if (conflicts.length > 0) return { written: [], conflicts };
  const changes = planned.filter(({ there }) => there !== 'unchanged').map(({ file }) => file);
  if (changes.length > 0) replaceAll(directory, changes, record);
  const written = planned.map(({ file, there }) => ({
    name: file.name,
    state: there === 'new' || there === 'unchanged' ? there : ('replaced' as const),
  }));
  return { written, conflicts: [] };
}

/** What stands at a path; below a file nothing can be. */
function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new SystemError('FILE_WRITE', { path, reason: reasonOf(error) }, { cause: error });
  }
}

function stateOf(
  directory: string,
  { name, bytes }: NewFile,
  record: InstallRecord | undefined,
): WrittenFile['state'] | InstallConflict['reason'] {
  const path = `${directory}/${name}`;
  const stats = statsAt(path);
  if (!stats) return 'new';
  if (!stats.isFile()) return 'not-a-file';
  const content = readBoundedFile(path, LARGEST);
  if (content.kind !== 'content') return 'foreign';
  const sha256 = sha256Of(content.bytes);
  if (sha256 === sha256Of(bytes)) return 'unchanged';
  const own = record?.files.filter((file) => file.name === name) ?? [];
  if (own.length === 0) return 'foreign';
  return own.some((file) => file.sha256 === sha256) ? 'replaced' : 'changed';
}

/**
 * Lets new files take their names. Everything that can run out (space, rights) is asked for before the first name changes:
 * all bytes lie in files beside them by then. What still fails is taken back.
 */
function replaceAll(directory: string, files: readonly NewFile[], before: InstallRecord | undefined): void {
  const madeFrom = makeDirectory(directory);
  const isDirectoryOwn = before?.isDirectoryOwn ?? madeFrom !== undefined;
  const entries = files.map(({ name, bytes }) => ({ name, sha256: sha256Of(bytes) }));
  const old = before?.files ?? [];
  const kept = old.filter(({ name }) => !entries.some((entry) => entry.name === name));
  const undo: (() => void)[] = [];
  const beside: string[] = [];
  let current = directory;
  try {
    for (const { name, bytes } of files) {
      current = `${directory}/${name}`;
      beside.push(temporary(current, 'new'));
      writeNewFile(temporary(current, 'new'), bytes);
    }
    // Until all have their names, old and new files both count as ours: whatever ends the program, uninstall finds its way.
    writeInstallRecord(directory, { isDirectoryOwn, files: [...old, ...entries] });
    undo.push(() => (before ? writeInstallRecord(directory, before) : unlinkSync(recordPath(directory))));
    for (const { name } of files) {
      current = `${directory}/${name}`;
      const bringBack = keepOld(current, beside);
      renameSync(temporary(current, 'new'), current);
      undo.push(bringBack);
    }
    writeInstallRecord(directory, { isDirectoryOwn, files: [...kept, ...entries] });
  } catch (error) {
    for (const step of undo.toReversed()) step();
    removeAll(beside);
    if (madeFrom !== undefined) removeEmptyDirectories(directory, madeFrom);
    if (error instanceof SystemError) throw error;
    throw new SystemError('FILE_WRITE', { path: current, reason: reasonOf(error) }, { cause: error });
  }
  removeAll(beside);
}

function removeAll(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmSync(path, { force: true });
    } catch {
      // It never came to be, as its name is too long; the others must go all the same.
    }
  }
}

/** Makes a directory and those above it; gives the topmost that was not there, or undefined when all were. */
function makeDirectory(directory: string): string | undefined {
  try {
    return makeMissing(resolve(directory));
  } catch (error) {
    throw new SystemError('DIRECTORY_MAKE', { path: directory, reason: reasonOf(error) }, { cause: error });
  }
}

/** Step by step: asked for all of them at once, Node never ends where /proc says that a name cannot be. */
function makeMissing(directory: string): string | undefined {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return undefined;
  const topmost = stats || directory === '/' ? undefined : makeMissing(dirname(directory));
  mkdirSync(directory, { mode: 0o755 });
  return topmost ?? directory;
}

/** Takes back what `makeDirectory` made. */
function removeEmptyDirectories(directory: string, topmost: string): void {
  const top = resolve(topmost);
  for (let current = resolve(directory); current.startsWith(top); current = dirname(current)) rmdirSync(current);
}

function writeNewFile(path: string, bytes: Uint8Array): void {
  // A file of this name can only be left over from a process of the same number that was killed.
  rmSync(path, { force: true });
  const descriptor = openSync(path, 'wx', 0o644);
  try {
    writeFileSync(descriptor, bytes);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Keeps the file that is to be replaced under another name, and gives the step that brings it back. */
function keepOld(path: string, beside: string[]): () => void {
  if (!lstatSync(path, { throwIfNoEntry: false })) return () => unlinkSync(path);
  const old = temporary(path, 'old');
  rmSync(old, { force: true });
  beside.push(old);
  linkSync(path, old);
  return () => renameSync(old, path);
}

function temporary(path: string, ending: 'new' | 'old'): string {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash)}/.${Array.from(path.slice(slash + 1))
    .slice(0, 48)
    .join('')}.${process.pid}.${ending}`;
}
