import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { type InstalledFile, readInstallRecord, recordPath, sha256Of, writeInstallRecord } from './install-record.ts';
import { reasonOf } from './write-file.ts';

/** What was removed, and what stays because it was changed since it was written. */
export interface UninstallOutcome {
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

const LARGEST = 64 * 1024 * 1024;

/**
 * Removes what `installFiles` wrote into a directory, by its record: a file that was changed since stays, unless `force`.
 * The directory goes too when the installation made it and it is empty now. Undefined when nothing was installed there.
 *
 * @throws {SystemError} `INSTALL_RECORD`, `FILE_REMOVE`; calling it again goes on from there
 */
export function uninstallFiles(
  directory: string,
  options: { readonly force?: boolean } = {},
): UninstallOutcome | undefined {
  const record = readInstallRecord(directory);
  if (!record) return undefined;
  const names = [...new Set(record.files.map(({ name }) => name))];
  const removed: string[] = [];
  const changed: string[] = [];
  for (const name of names) {
    const path = `${directory}/${name}`;
    const state = stateOf(
      path,
      record.files.filter((file) => file.name === name),
    );
    if (state === 'gone') continue;
    if (state === 'changed' && !options.force) changed.push(name);
    else {
      remove(path);
      removed.push(name);
    }
  }
  if (changed.length > 0) {
    writeInstallRecord(directory, { ...record, files: record.files.filter(({ name }) => changed.includes(name)) });
    return { removed, changed };
  }
  remove(recordPath(directory));
  if (record.isDirectoryOwn) removeIfEmpty(directory);
  return { removed, changed };
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

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    // Somebody else put a file there since, so it is theirs now.
    if (errnoOf(error) !== 'ENOTEMPTY' && errnoOf(error) !== 'EEXIST') {
      throw new SystemError('FILE_REMOVE', { path: directory, reason: reasonOf(error) }, { cause: error });
    }
  }
}
