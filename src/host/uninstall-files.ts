import { lstatSync, unlinkSync } from 'node:fs';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { removeIfEmpty, syncPath } from './directory.ts';
import { lockDirectory } from './directory-lock.ts';
import { readBoundedFile } from './file.ts';
import { hostName, placeOnHost } from './host-root.ts';
import { leftoversOf } from './install-files.ts';
import {
  type InstalledFile,
  type InstallRecord,
  readInstallRecord,
  recordPath,
  sha256Of,
  writeInstallRecord,
} from './install-record.ts';
import { type ProgramRelease, releaseProgram } from './program-file.ts';
import { reasonOf } from './write-file.ts';

/** What was removed, and what stays because it was changed since it was written. */
export interface UninstallOutcome {
  readonly removed: readonly string[];
  readonly changed: readonly string[];
  /** The program that the definitions ran, and what became of it; undefined when none was put there with them. */
  readonly program?: { readonly path: string; readonly release: ProgramRelease };
}

/** How to uninstall. */
export interface UninstallOptions {
  readonly force?: boolean;
  /** Where the host's root is mounted: the directory is then named as the host names it. */
  readonly hostRoot?: string | undefined;
}

const LARGEST = 64 * 1024 * 1024;

/**
 * Removes what `installFiles` wrote into a directory, by its record: a file that was changed since stays, unless `force`.
 * The program goes after the last definition that runs it, and when no other hooks directory uses it. The directory goes
 * too when the installation made it and it is empty now. Undefined when nothing was installed there.
 *
 * @throws {SystemError} `INSTALL_RECORD`, `FILE_REMOVE`; calling it again goes on from there
 */
export function uninstallFiles(directory: string, options: UninstallOptions = {}): UninstallOutcome | undefined {
  const here = placeOnHost(options.hostRoot, directory);
  if (!readInstallRecord(here)) return undefined;
  const lock = lockDirectory(here);
  try {
    const record = readInstallRecord(here);
    return record && uninstallLocked(here, hostName(options.hostRoot, directory), record, options);
  } finally {
    // Another uninstallation removed it in between, and the lock made it again.
    if (lock.made !== undefined) removeOwnDirectory(here);
    lock.close();
  }
}

function uninstallLocked(
  directory: string,
  user: string,
  record: InstallRecord,
  { force = false, hostRoot }: UninstallOptions,
): UninstallOutcome {
  const names = [...new Set(record.files.map(({ name }) => name))];
  const removed: string[] = [];
  const changed: string[] = [];
  for (const name of names) {
    for (const leftover of leftoversOf(directory, name)) removeIfThere(leftover);
    const path = `${directory}/${name}`;
    const state = stateOf(
      path,
      record.files.filter((file) => file.name === name),
    );
    if (state === 'gone') continue;
    if (state === 'changed' && !force) changed.push(name);
    else {
      remove(path);
      removed.push(name);
    }
  }
  if (changed.length > 0) {
    // A definition that stays may still run the program, so that stays as well.
    writeInstallRecord(directory, { ...record, files: record.files.filter(({ name }) => changed.includes(name)) });
    return { removed, changed };
  }
  // No crash may bring a definition back whose program is gone.
  syncPath(directory);
  const program = record.program === undefined ? undefined : placeOnHost(hostRoot, record.program);
  const release = program === undefined ? undefined : releaseProgram(program, user, force);
  if (release !== 'changed') {
    remove(recordPath(directory));
    if (record.isDirectoryOwn) removeOwnDirectory(directory);
  }
  return { removed, changed, ...(program === undefined || !release ? {} : { program: { path: program, release } }) };
}

function stateOf(path: string, own: readonly InstalledFile[]): 'own' | 'changed' | 'gone' {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return 'gone';
  // A link is not what was written, wherever it leads.
  if (!stats.isFile()) return 'changed';
  const content = readBoundedFile(path, LARGEST);
  if (content.kind !== 'content') return 'changed';
  const sha256 = sha256Of(content.bytes);
  return own.some((file) => file.sha256 === sha256) ? 'own' : 'changed';
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    throw new SystemError('FILE_REMOVE', { path, reason: reasonOf(error) }, { cause: error });
  }
}

function removeIfThere(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) remove(path);
}

function removeOwnDirectory(directory: string): void {
  try {
    removeIfEmpty(directory);
  } catch (error) {
    throw new SystemError('FILE_REMOVE', { path: directory, reason: reasonOf(error) }, { cause: error });
  }
}
