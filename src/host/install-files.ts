import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { removeEmptyDirectories, syncPath } from './directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { readBoundedFile } from './file.ts';
import { hostName, placeOnHost } from './host-root.ts';
import { type InstallRecord, readInstallRecord, recordPath, sha256Of, writeInstallRecord } from './install-record.ts';
import { isVolatile, type ProgramSource, placeProgram, programState, releaseProgram } from './program-file.ts';
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

/** Why a file was not written; `volatile`: the program would be gone after a reboot, the definitions would not. */
export interface InstallConflict {
  readonly path: string;
  readonly reason: 'foreign' | 'changed' | 'not-a-file' | 'volatile';
}

type FileState = WrittenFile['state'] | 'foreign' | 'changed' | 'not-a-file';

/** What an installation did: all of the files, or none where one is in conflict. */
export interface InstallOutcome {
  readonly written: readonly WrittenFile[];
  readonly program?: { readonly path: string; readonly state: WrittenFile['state'] };
  readonly conflicts: readonly InstallConflict[];
}

/** The program that the definitions run, to be put on the host before them. */
export interface NewProgram extends ProgramSource {
  /** Where it is to lie, as the host and the definitions name it. */
  readonly path: string;
}

/** How to install. */
export interface InstallOptions {
  readonly force?: boolean;
  /** Where the host's root is mounted: the directory and the program are then named as the host names them. */
  readonly hostRoot?: string | undefined;
  readonly program?: NewProgram | undefined;
}

const LARGEST = 64 * 1024 * 1024;

/**
 * Writes files into a directory, all of them or none, and records them there, so that `uninstallFiles` removes exactly
 * these. The directory is made when it is not there. A file of the same name is replaced only when it is one of ours and
 * unchanged, or with `force`. The program comes first and is on the disk before a definition names it: whatever ends this
 * process or the machine, no definition runs what is not there.
 *
 * @throws {SystemError} `FILE_WRITE`, `DIRECTORY_MAKE`, `INSTALL_RECORD`; everything is then as it was
 */
export function installFiles(
  directory: string,
  files: readonly NewFile[],
  options: InstallOptions = {},
): InstallOutcome {
  const here = placeOnHost(options.hostRoot, directory);
  const lock = lockDirectory(here);
  let isDone = false;
  try {
    const installation = {
      directory: here,
      user: hostName(options.hostRoot, directory),
      isNew: lock.made !== undefined,
      ...options,
    };
    const outcome = installLocked(installation, files);
    isDone = outcome.conflicts.length === 0;
    return outcome;
  } finally {
    if (!isDone && lock.made !== undefined) removeEmptyDirectories(here, lock.made);
    lock.close();
  }
}

interface Installation extends InstallOptions {
  /** As it is reached from here. */
  readonly directory: string;
  /** The same directory as the host names it. */
  readonly user: string;
  readonly isNew: boolean;
}

function installLocked(installation: Installation, files: readonly NewFile[]): InstallOutcome {
  const { directory, program, hostRoot, force = false } = installation;
  const record = readInstallRecord(directory);
  const planned = files.map((file) => ({ file, there: stateOf(directory, file, record) }));
  const conflicts: InstallConflict[] = planned.flatMap(({ file, there }) =>
    isConflict(there, force) ? [{ path: pathIn(directory, file.name), reason: there }] : [],
  );
  const target = program && placeOnHost(hostRoot, program.path);
  const targetState = program && target !== undefined ? programState(target, program) : undefined;
  if (target !== undefined && targetState !== undefined) {
    if (isConflict(targetState, force)) conflicts.push({ path: target, reason: targetState });
    if (!force && isVolatile(target) && !isVolatile(directory)) conflicts.push({ path: target, reason: 'volatile' });
  }
  if (conflicts.length > 0) return { written: [], conflicts };
  const changes = planned.filter(({ there }) => there !== 'unchanged').map(({ file }) => file);
  const isProgramThere = program === undefined || (targetState === 'unchanged' && record?.program === program.path);
  if (changes.length > 0 || !isProgramThere) replaceAll(installation, changes, record, targetState === 'new');
  return {
    written: planned.map(({ file, there }) => ({ name: file.name, state: writtenState(there) })),
    ...(target === undefined || targetState === undefined
      ? {}
      : { program: { path: target, state: writtenState(targetState) } }),
    conflicts: [],
  };
}

function pathIn(directory: string, name: string): string {
  return `${directory.replace(/(?<=.)\/+$/, '')}/${name}`;
}

function isConflict(there: FileState, force: boolean): there is 'foreign' | 'changed' | 'not-a-file' {
  if (there === 'new' || there === 'replaced' || there === 'unchanged') return false;
  return !force || there === 'not-a-file';
}

function writtenState(there: FileState): WrittenFile['state'] {
  return there === 'new' || there === 'unchanged' ? there : 'replaced';
}

/** What stands at a path; below a file nothing can be. */
function statsAt(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new SystemError('FILE_WRITE', { path, reason: reasonOf(error) }, { cause: error });
  }
}

function stateOf(directory: string, { name, bytes }: NewFile, record: InstallRecord | undefined): FileState {
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
function replaceAll(
  { directory, user, hostRoot, program, isNew }: Installation,
  files: readonly NewFile[],
  before: InstallRecord | undefined,
  isProgramNew: boolean,
): void {
  const entries = files.map(({ name, bytes }) => ({ name, sha256: sha256Of(bytes) }));
  const old = before?.files ?? [];
  const kept = old.filter(({ name }) => !entries.some((entry) => entry.name === name));
  const hostProgram = program?.path ?? before?.program;
  const after = {
    isDirectoryOwn: before?.isDirectoryOwn ?? isNew,
    ...(hostProgram === undefined ? {} : { program: hostProgram }),
  };
  const undo: (() => unknown)[] = [];
  const beside: string[] = [];
  let current = directory;
  try {
    for (const { name, bytes } of files) {
      current = pathIn(directory, name);
      beside.push(temporary(current, 'new'));
      writeNewFile(temporary(current, 'new'), bytes);
    }
    // Until all have their names, old and new files both count as ours: whatever ends the program, uninstall finds its way.
    writeInstallRecord(directory, { ...after, files: [...old, ...entries] });
    undo.push(() => (before ? writeInstallRecord(directory, before) : unlinkSync(recordPath(directory))));
    if (program) {
      current = placeOnHost(hostRoot, program.path);
      placeProgram(current, program, user);
      if (isProgramNew) undo.push(() => releaseProgram(placeOnHost(hostRoot, program.path), user));
    }
    for (const { name } of files) {
      current = pathIn(directory, name);
      const bringBack = keepOld(current, beside);
      renameSync(temporary(current, 'new'), current);
      undo.push(bringBack);
    }
    writeInstallRecord(directory, { ...after, files: [...kept, ...entries] });
  } catch (error) {
    for (const step of undo.toReversed()) step();
    removeAll(beside);
    if (error instanceof SystemError) throw error;
    throw new SystemError('FILE_WRITE', { path: current, reason: reasonOf(error) }, { cause: error });
  }
  removeAll(beside);
  syncPath(directory);
  // The definitions name another program now, so the one before has a user less.
  if (before?.program !== undefined && before.program !== hostProgram) {
    releaseProgram(placeOnHost(hostRoot, before.program), user);
  }
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

function writeNewFile(path: string, bytes: Uint8Array): void {
  // A file of this name can only be left over from an installation that was killed.
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

/** Gives the files that an installation of this name makes on the way; one that was killed leaves them. */
export function leftoversOf(directory: string, name: string): readonly string[] {
  return [temporary(`${directory}/${name}`, 'new'), temporary(`${directory}/${name}`, 'old')];
}

/** The lock keeps others away, so that the name needs nothing of this process; a name has at most 255 bytes. */
function temporary(path: string, ending: 'new' | 'old'): string {
  const name = basename(path);
  const start = Array.from(name).slice(0, 48).join('');
  return `${dirname(path)}/.${start}.${sha256Of(Buffer.from(name)).slice(0, 8)}.${ending}`;
}
