import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { removeEmptyDirectories, removeIfEmpty, syncPath } from './directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { type ProgramRecord, readProgramRecord, removeProgramRecord, writeProgramRecord } from './program-record.ts';
import { isOwn } from './trust.ts';
import { reasonOf } from './write-file.ts';

/** What stands where the program is to go: nothing, one of ours, this one, or what must not be replaced. */
export type ProgramState = 'new' | 'replaced' | 'unchanged' | 'foreign' | 'changed' | 'not-a-file';

/** What came of taking a directory's use of a program back. */
export type ProgramRelease = 'removed' | 'in-use' | 'changed' | 'gone';

/** A program to put somewhere. */
export interface ProgramSource {
  /** The file to copy. */
  readonly source: string;
  /** Its hash, which takes a moment: it has more than 100 MB. */
  readonly sha256: string;
}

/** Says what putting a program to a path would do; nothing is changed. */
export function programState(path: string, { sha256 }: ProgramSource): ProgramState {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return 'new';
  if (!stats.isFile()) return 'not-a-file';
  // Whoever may change it has not changed it yet.
  if (!isOwn(stats)) return 'foreign';
  const there = hashOf(path);
  if (there === sha256) return 'unchanged';
  const own = readProgramRecord(path)?.sha256 ?? [];
  if (own.length === 0) return 'foreign';
  return own.includes(there) ? 'replaced' : 'changed';
}

/**
 * Puts a program to a path, whole or not at all, and notes that a hooks directory uses it. It is on the disk when this
 * returns: a definition that is written afterwards never names a program that a crash took away.
 *
 * @param user - the hooks directory, as the host names it
 * @throws {SystemError} `FILE_WRITE`, also where the mount does not let programs run; `DIRECTORY_MAKE`, `INSTALL_RECORD`
 */
export function placeProgram(path: string, program: ProgramSource, user: string): void {
  const { source, sha256 } = program;
  const lock = lockDirectory(dirname(path));
  const beside = temporary(path);
  let before: ProgramRecord | undefined;
  let isTouched = false;
  try {
    before = readProgramRecord(path);
    const isThere = programState(path, program) === 'unchanged';
    // It lay there with these bytes, so somebody else put it there, and whoever did removes it.
    if (isThere && !before) return;
    const record = {
      directories: [...new Set([...(before?.directories ?? []), user])],
      isDirectoryOwn: before?.isDirectoryOwn ?? lock.made !== undefined,
    };
    isTouched = true;
    // While one replaces the other, both count as ours: whatever ends this program, uninstall finds its way.
    writeProgramRecord(path, { ...record, sha256: [...new Set([...(before?.sha256 ?? []), sha256])] });
    if (!isThere) {
      rmSync(dirname(beside), { recursive: true, force: true });
      mkdirSync(dirname(beside), { mode: 0o700 });
      copyFileSync(source, beside, constants.COPYFILE_EXCL);
      chmodSync(beside, 0o755);
      syncPath(beside);
      // access(2) says EACCES for a file on a mount with noexec, to root as well.
      accessSync(beside, constants.X_OK);
      renameSync(beside, path);
      // From here on it is there, and the record says so.
      isTouched = false;
      syncPath(dirname(path));
      removeQuietly(dirname(beside));
    }
    writeProgramRecord(path, { ...record, sha256: [sha256] });
  } catch (error) {
    removeQuietly(dirname(beside));
    if (isTouched && before) writeProgramRecord(path, before);
    else if (isTouched) removeProgramRecord(path);
    if (!before && lock.made !== undefined && !lstatSync(path, { throwIfNoEntry: false })) {
      removeEmptyDirectories(dirname(path), lock.made);
    }
    if (error instanceof SystemError) throw error;
    throw new SystemError('FILE_WRITE', { path, reason: reasonOf(error) }, { cause: error });
  } finally {
    lock.close();
  }
}

/**
 * Takes back that a hooks directory uses a program. The program is removed when no other does, and it is still what was put
 * there, or with `force`.
 *
 * @throws {SystemError} `FILE_REMOVE`, `INSTALL_RECORD`; calling it again goes on from there
 */
export function releaseProgram(path: string, user: string, force = false): ProgramRelease {
  if (!lstatSync(dirname(path), { throwIfNoEntry: false })) return 'gone';
  const lock = lockDirectory(dirname(path));
  try {
    const record = readProgramRecord(path);
    if (!record) return 'gone';
    const directories = record.directories.filter((directory) => directory !== user);
    if (directories.length > 0) {
      writeProgramRecord(path, { ...record, directories });
      return 'in-use';
    }
    const stats = lstatSync(path, { throwIfNoEntry: false });
    const isOurs = stats?.isFile() === true && record.sha256.includes(hashOf(path));
    if (stats && !isOurs && !force) return 'changed';
    rmSync(path, { force: true });
    rmSync(dirname(temporary(path)), { recursive: true, force: true });
    removeProgramRecord(path);
    if (record.isDirectoryOwn) removeIfEmpty(dirname(path));
    return stats ? 'removed' : 'gone';
  } catch (error) {
    if (error instanceof SystemError) throw error;
    throw new SystemError('FILE_REMOVE', { path, reason: reasonOf(error) }, { cause: error });
  } finally {
    lock.close();
  }
}

// linux/magic.h.
const TMPFS = 0x01021994;
const RAMFS = 0x858458f6;

/** Whether what is written at a path is gone after a reboot: it lies in memory. The path need not be there yet. */
export function isVolatile(path: string): boolean {
  for (let current = resolve(path); ; current = dirname(current)) {
    try {
      const { type } = statfsSync(current);
      return type === TMPFS || type === RAMFS;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT' || current === '/') return false;
    }
  }
}

/**
 * Gives where a program lies until it is whole: in a directory of its own beside its place. An executable right beside it would
 * keep containerd from starting when that is the directory of its NRI plugins: each there must have a plugin's name, while
 * directories are passed over (1.7 and 2.1, observed). The lock keeps others away, so that what one left that was killed is
 * found again.
 */
function temporary(path: string): string {
  return `${dirname(path)}/.${basename(path).slice(0, 48)}.new/program`;
}

/** Removes what was made on the way to a program, where it was made. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // What is told is how the program fared; what stays is found by the next installation.
  }
}

/** Gives the hash of a program, read in pieces: it is larger than what should lie in memory at once. */
export function hashOf(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(1024 * 1024);
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    for (let read = readSync(descriptor, piece); read > 0; read = readSync(descriptor, piece)) {
      hash.update(piece.subarray(0, read));
    }
  } finally {
    closeSync(descriptor);
  }
  return hash.digest('hex');
}
