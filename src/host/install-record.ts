import { createHash } from 'node:crypto';
import { isObject } from '../core/definition/keys.ts';
import { isDefinitionName } from './hook-directories.ts';
import { otherVersion, readRecordFile, recordError, writeRecordFile } from './record-file.ts';

/** The record's file name: Podman and CRI-O read only names that end in `.json`, `hooks` also `.yaml` and `.yml`. */
export const RECORD_NAME = '.oci-hooks-installed';

/** A file that `hooks install` wrote. A name may stand twice: while a file is replaced, its old and new hash both count. */
export interface InstalledFile {
  readonly name: string;
  readonly sha256: string;
}

/** What `hooks install` wrote into a directory, and whether it made the directory. */
export interface InstallRecord {
  readonly files: readonly InstalledFile[];
  readonly isDirectoryOwn: boolean;
  /** The program that these definitions run, as the host names it, when `--program` put it there. */
  readonly program?: string;
}

/** Gives the hash of a file's bytes, as the record holds it. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Gives the place of a directory's record. */
export function recordPath(directory: string): string {
  return `${directory}/${RECORD_NAME}`;
}

/**
 * Reads the record of a directory; undefined when nothing was installed there.
 *
 * @throws {SystemError} `INSTALL_RECORD` when it cannot be read, or names files that an installation never has
 */
export function readInstallRecord(directory: string): InstallRecord | undefined {
  const path = recordPath(directory);
  const value = readRecordFile(path);
  if (!value) return undefined;
  if (!Array.isArray(value['files'])) throw otherVersion(path);
  const files = value['files'].map((entry: unknown) => {
    // What it names is removed later, so a name that leads elsewhere is never taken.
    if (!isInstalledFile(entry)) throw recordError(path, 'it names a file that is no definition in this directory');
    return { name: entry.name, sha256: entry.sha256 };
  });
  const program = value['program'];
  if (program !== undefined && !isProgramPath(program)) {
    throw recordError(path, 'it names a program by no absolute path');
  }
  return { files, isDirectoryOwn: value['isDirectoryOwn'] === true, ...(program === undefined ? {} : { program }) };
}

function isProgramPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && !value.split('/').includes('..');
}

function isInstalledFile(entry: unknown): entry is InstalledFile {
  if (!isObject(entry)) return false;
  const { name, sha256 } = entry;
  return typeof name === 'string' && typeof sha256 === 'string' && !name.includes('/') && isDefinitionName(name);
}

/** Writes the record of a directory. */
export function writeInstallRecord(directory: string, { files, isDirectoryOwn, program }: InstallRecord): void {
  writeRecordFile(recordPath(directory), { isDirectoryOwn, program, files });
}
