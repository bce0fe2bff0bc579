import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { type ExactJson, parseExactJson } from '../core/oci/exact-json.ts';
import type { OciState } from '../core/oci/state.ts';
import { readBoundedFile } from '../host/file.ts';
import { runDirectory } from '../host/run-directory.ts';
import { reasonOf, writeOwnFile } from '../host/write-file.ts';
import type { ProcessIdentity } from '../linux/cgroup/container-process.ts';
import { isHelperRecord, isOverheadRecord } from './record-shape.ts';

/** A directory that a helper made: removed at poststop only while device and inode are still these. */
export interface MadeDirectory {
  readonly mountPoint: string;
  readonly path: string;
  readonly device: number;
  readonly inode: number;
}

/** A directory that a helper is about to make: known by a mark of its own where the helper was killed in between. */
export type IntendedDirectory = Pick<MadeDirectory, 'mountPoint' | 'path'>;

/** A process that a helper started: ended at poststop only while its start time is still this. */
export interface RecordedProcess extends ProcessIdentity {
  /** What it does, to tell it from the helper's others. */
  readonly watch: string;
}

/** What a helper has to undo. */
export interface HelperRecord {
  readonly directories: readonly MadeDirectory[];
  readonly processes?: readonly RecordedProcess[];
  readonly intended?: readonly IntendedDirectory[];
}

/** Tells whose record is meant. */
export type RecordKey = Pick<OciState, 'id' | 'bundle'>;

/** Names a container's own directory: its id, and its bundle, for two engines may use one id. */
export function recordDirectory({ id, bundle }: RecordKey, root: string): string {
  const hash = createHash('sha256')
    .update(bundle)
    .update(id.length > 128 ? id : '')
    .digest('hex')
    .slice(0, 16);
  return join(root, `${id.slice(0, 128)}-${hash}`);
}

/**
 * Makes the directory of a container's records where it is not there; gives true.
 *
 * @throws {SystemError} `RECORD` where somebody else could have laid it
 */
export function makeRecordDirectory(key: RecordKey, root: string): true {
  for (const each of [root, recordDirectory(key, root)]) ensurePrivate(each);
  return true;
}

/**
 * Keeps what a helper will have to undo, before it is done.
 *
 * @throws {SystemError} `RECORD`, also where somebody else could have laid the directory
 */
export function writeRecord(state: RecordKey, verb: string, record: HelperRecord, root: string = runDirectory()): void {
  const directory = recordDirectory(state, root);
  makeRecordDirectory(state, root);
  const path = join(directory, `${verb}.json`);
  try {
    writeOwnFile(path, Buffer.from(JSON.stringify({ schemaVersion: 1, ...record })), 0o600);
  } catch (error) {
    throw new SystemError('RECORD', { path, reason: reasonOf(error) }, { cause: error });
  }
}

/**
 * Gives what a helper kept for this container; undefined where it kept nothing.
 *
 * @throws {SystemError} `RECORD` when it cannot be read, or is not ours
 */
export function readRecord(state: RecordKey, verb: string, root: string = runDirectory()): HelperRecord | undefined {
  return readRecordIn(recordDirectory(state, root), verb, root);
}

/** A record, and the directory that it lies in. */
export interface FoundRecord {
  readonly directory: string;
  readonly record: HelperRecord;
}

/**
 * Gives what a helper kept for every container of this id: two engines may use one. Throws as `readRecord`.
 *
 * @param id - as `isContainerId` wants it
 */
export function readRecordsOf(id: string, verb: string, root: string = runDirectory()): FoundRecord[] {
  const start = `${id.slice(0, 128)}-`;
  if (lstatSync(root, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(root)
    .filter((name) => name.startsWith(start) && /^[0-9a-f]{16}$/.test(name.slice(start.length)))
    .flatMap((name) => {
      const directory = join(root, name);
      const record = readRecordIn(directory, verb, root);
      return record === undefined ? [] : [{ directory, record }];
    });
}

/** Tells whether a helper has a record in a container's directory. */
export function hasRecordIn(directory: string, verb: string): boolean {
  return lstatSync(join(directory, `${verb}.json`), { throwIfNoEntry: false }) !== undefined;
}

function readRecordIn(directory: string, verb: string, root: string): HelperRecord | undefined {
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return undefined;
  for (const each of [root, directory]) ensurePrivate(each);
  const path = join(directory, `${verb}.json`);
  const content = readBoundedFile(path, 1 << 20);
  if (content.kind === 'failed' && errnoOf(content.error) === 'ENOENT') return undefined;
  // What the file holds is not repeated: it might be another than ours.
  const refuse = (what: string): never => {
    const mend = 'see `hooks cgroup tree` for cgroups that it may have named, then remove this file';
    throw new SystemError('RECORD', { path, reason: `${what}; ${mend}` });
  };
  if (content.kind !== 'content') return refuse('it is not a small regular file');
  if (content.isLink) return refuse('it is a symbolic link');
  let json: ExactJson;
  try {
    json = parseExactJson(content.bytes.toString('utf8'));
  } catch {
    return refuse('it is not JSON, or only a part of it');
  }
  if (!isHelperRecord(json) || (verb === 'sandbox-overhead' && !isOverheadRecord(json))) {
    return refuse(`it is no record of ${verb} with schemaVersion 1`);
  }
  return json as unknown as HelperRecord;
}

/**
 * Forgets what a helper kept, with what it left where it was killed in the midst of writing, and the container's directory with
 * its last record.
 */
export function removeRecord(state: RecordKey, verb: string, root: string = runDirectory()): void {
  const directory = recordDirectory(state, root);
  const file = `${verb}.json`;
  try {
    const own = readdirSync(directory).filter((name) => name === file || name.startsWith(`.${file}.`));
    for (const name of own) unlinkSync(join(directory, name));
    rmdirSync(directory);
  } catch (error) {
    // Another helper's record is still there, or nothing is: both are as they should be.
    if (!['ENOENT', 'ENOTEMPTY'].includes(errnoOf(error) ?? '')) {
      throw new SystemError('RECORD', { path: directory, reason: reasonOf(error) }, { cause: error });
    }
  }
}

function ensurePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') {
      throw new SystemError('RECORD', { path: directory, reason: reasonOf(error) }, { cause: error });
    }
  }
  const stats = lstatSync(directory, { throwIfNoEntry: false });
  // A helper that was done removed it a moment ago: whoever wanted it to be there finds out.
  if (stats === undefined) return;
  if (!stats.isDirectory() || stats.uid !== process.geteuid?.() || (stats.mode & 0o077) !== 0) {
    const reason = 'it must be a directory of this user with mode 0700';
    throw new SystemError('RECORD', { path: directory, reason });
  }
}
