import { isObject } from '../core/definition/keys.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { isOwn } from './trust.ts';
import { reasonOf, writeOwnFile } from './write-file.ts';

const LIMIT = 1024 * 1024;
const VERSION = 1;

/** Gives the error for a record that cannot be relied on. */
export function recordError(path: string, reason: string, cause?: unknown): SystemError {
  return new SystemError('INSTALL_RECORD', { path, reason }, { cause });
}

/**
 * Reads what `hooks install` noted in a file; undefined where there is none. What it says is acted on as root, so a link, and
 * a file that others may have written, are refused.
 *
 * @throws {SystemError} `INSTALL_RECORD`
 */
export function readRecordFile(path: string): Readonly<Record<string, unknown>> | undefined {
  const content = readBoundedFile(path, LIMIT);
  if (content.kind === 'failed') {
    const reason = reasonOf(content.error);
    if (reason.startsWith('ENOENT') || reason.startsWith('ENOTDIR')) return undefined;
    throw recordError(path, reason, content.error);
  }
  if (content.kind !== 'content' || content.isLink) throw recordError(path, 'it is no file of ours');
  const { bytes, stats } = content;
  if (!isOwn(stats)) throw recordError(path, `it belongs to uid ${stats.uid}, or others may write it`);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw recordError(path, 'it is no JSON', error);
  }
  if (!isObject(value) || value['schemaVersion'] !== VERSION) throw otherVersion(path);
  return value;
}

/** Gives the error for a record of another shape. */
export function otherVersion(path: string): SystemError {
  return recordError(path, 'it was not written by this version of hooks');
}

/** Notes something in a file, whole or not at all. */
export function writeRecordFile(path: string, record: object): void {
  writeOwnFile(path, Buffer.from(`${JSON.stringify({ schemaVersion: VERSION, ...record }, null, 2)}\n`));
}
