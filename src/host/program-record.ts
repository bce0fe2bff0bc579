import { rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { otherVersion, readRecordFile, writeRecordFile } from './record-file.ts';

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

/**
 * Reads the record of a program; undefined when none was put there.
 *
 * @throws {SystemError} `INSTALL_RECORD`
 */
export function readProgramRecord(program: string): ProgramRecord | undefined {
  const path = recordPath(program);
  const value = readRecordFile(path);
  if (!value) return undefined;
  const { sha256, directories, isDirectoryOwn } = value;
  if (!isTexts(sha256) || !isTexts(directories)) throw otherVersion(path);
  return { sha256, directories, isDirectoryOwn: isDirectoryOwn === true };
}

/** Writes the record of a program, whole or not at all. */
export function writeProgramRecord(program: string, record: ProgramRecord): void {
  writeRecordFile(recordPath(program), record);
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
