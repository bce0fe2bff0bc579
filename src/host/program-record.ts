import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isObject } from '../core/definition/keys.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { isOwn } from './trust.ts';
import { reasonOf, writeOwnFile } from './write-file.ts';

/**
 * Who uses the program that `hooks install --program` put at a path. It lies beside the program, as several hooks
 * directories may name one program, which is removed with the last of them.
 */
export interface ProgramRecord {
  /** The hash of what was put there; two while one replaces the other. */
  readonly sha256: readonly string[];
  /** The hooks directories whose definitions run it, as the host names them. */
  readonly directories: readonly string[];
  /** Whether the directory it lies in was made for it. */
  readonly isDirectoryOwn: boolean;
}

const LIMIT = 1024 * 1024;
const VERSION = 1;

/**
 * Reads the record of a program; undefined when none was put there.
 *
 * @throws {SystemError} `INSTALL_RECORD`
 */
export function readProgramRecord(program: string): ProgramRecord | undefined {
  const path = recordPath(program);
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
  if (!isObject(value) || value['schemaVersion'] !== VERSION || !isTexts(value['sha256'])) {
    throw fail('it was not written by this version of hooks');
  }
  const directories = value['directories'];
  return {
    sha256: value['sha256'],
    directories: isTexts(directories) ? directories : [],
    isDirectoryOwn: value['isDirectoryOwn'] === true,
  };
}

/** Writes the record of a program, whole or not at all. */
export function writeProgramRecord(program: string, record: ProgramRecord): void {
  const text = `${JSON.stringify({ schemaVersion: VERSION, ...record }, null, 2)}\n`;
  writeOwnFile(recordPath(program), Buffer.from(text));
}

/** Removes the record of a program. */
export function removeProgramRecord(program: string): void {
  rmSync(recordPath(program), { force: true });
}

function recordPath(program: string): string {
  return `${dirname(program)}/.${basename(program)}.oci-hooks-users`;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
