import { createHash } from 'node:crypto';
import { isObject } from '../core/definition/keys.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { isDefinitionName } from './hook-directories.ts';
import { isOwn } from './trust.ts';
import { reasonOf, writeOwnFile } from './write-file.ts';

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

const LIMIT = 1024 * 1024;
const VERSION = 1;

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
  const fail = (reason: string, cause?: unknown): SystemError =>
    new SystemError('INSTALL_RECORD', { path, reason }, { cause });
  const content = readBoundedFile(path, LIMIT);
  if (content.kind === 'failed') {
    const reason = reasonOf(content.error);
    if (reason.startsWith('ENOENT') || reason.startsWith('ENOTDIR')) return undefined;
    throw fail(reason, content.error);
  }
  if (content.kind !== 'content' || content.isLink) throw fail('it is no file of ours');
  if (!isOwn(content.stats)) throw fail(`it belongs to uid ${content.stats.uid}, who could have written it`);
  let value: unknown;
  try {
    value = JSON.parse(content.bytes.toString());
  } catch (error) {
    throw fail('it is no JSON', error);
  }
  if (!isObject(value) || value['schemaVersion'] !== VERSION || !Array.isArray(value['files'])) {
    throw fail('it was not written by this version of hooks');
  }
  const files = value['files'].map((entry: unknown) => {
    // What it names is removed later, so a name that leads elsewhere is never taken.
    if (!isInstalledFile(entry)) throw fail('it names a file that is no definition in this directory');
    return { name: entry.name, sha256: entry.sha256 };
  });
  const program = value['program'];
  if (program !== undefined && !isProgramPath(program)) throw fail('it names a program by no absolute path');
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
  const text = `${JSON.stringify({ schemaVersion: VERSION, isDirectoryOwn, program, files }, null, 2)}\n`;
  writeOwnFile(recordPath(directory), Buffer.from(text));
}
