import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isObject } from '../core/definition/keys.ts';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { runDirectory } from './run-directory.ts';
import { writeOwnFile } from './write-file.ts';

/** The most bytes of each of a hook's outputs that a record keeps. */
export const OUTPUT_KEPT: number = 64 * 1024;

/** The most containers whose records are kept, and the most of one container: /run is memory. */
const CONTAINERS_KEPT = 200;
const RUNS_KEPT = 64;

const RECORD_LIMIT = 1024 * 1024;

/** What one run of an injected hook was and said. */
export interface HookRun {
  readonly id: string;
  /** The definition's file name. */
  readonly name: string;
  readonly stage?: string;
  readonly path: string;
  readonly args: readonly string[];
  /** RFC 3339. */
  readonly startedAt: string;
  /** Absent while it runs, and when it was ended together with its recorder. */
  readonly milliseconds?: number;
  /** Exit status; absent when a signal ended it or it was not started. */
  readonly status?: number;
  readonly signal?: string;
  /** Why it was not started, or that it ran out of time. */
  readonly failure?: string;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether more was said than is kept. */
  readonly isCut: boolean;
}

/** Tells whether an id may be the name of a directory; runtimes take no others. */
export function isRecordableId(id: string): boolean {
  return /^[A-Za-z0-9_+.-]{1,255}$/.test(id) && id !== '.' && id !== '..';
}

/** Gives the directory that keeps a container's runs. */
export function runsDirectory(id: string): string {
  return join(runDirectory(), id, 'hooks');
}

/**
 * Writes the record of a run, mode 0600, whole or not at all. The same start and process is the same record.
 *
 * @throws {SystemError} `FILE_WRITE`, and Node's own error when the directory cannot be made
 */
export function writeHookRun(run: HookRun, processId: number): void {
  const directory = runsDirectory(run.id);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const name = `${run.startedAt.replace(/[^0-9TZ.]/g, '')}-${processId}.json`;
  writeOwnFile(join(directory, name), Buffer.from(`${JSON.stringify({ schemaVersion: 1, ...run })}\n`), 0o600);
  for (const old of recordNames(directory).slice(0, -RUNS_KEPT)) rmSync(join(directory, old), { force: true });
}

/** Lists the containers that have records, the one written to last at the end. */
export function listRecordedContainers(): string[] {
  const dated = namesIn(runDirectory())
    .filter(isRecordableId)
    .flatMap((id) => {
      const time = timeOf(runsDirectory(id));
      return time === undefined ? [] : [{ id, time }];
    });
  return dated.sort((left, right) => left.time - right.time).map(({ id }) => id);
}

/** Reads the runs of a container's hooks in the order they started; what cannot be read as a record is passed over. */
export function readHookRuns(id: string): HookRun[] {
  const directory = runsDirectory(id);
  return recordNames(directory).flatMap((name) => {
    const content = readBoundedFile(join(directory, name), RECORD_LIMIT);
    if (content.kind !== 'content') return [];
    try {
      const run: unknown = JSON.parse(content.bytes.toString());
      return isHookRun(run) ? [run] : [];
    } catch {
      // A record is replaced whole, so this is no record of ours.
      return [];
    }
  });
}

/** Drops the records of the containers that were written to longest ago, when there are many. */
export function makeRoomForRuns(): void {
  for (const id of listRecordedContainers().slice(0, -CONTAINERS_KEPT)) {
    rmSync(runsDirectory(id), { recursive: true, force: true });
    try {
      rmdirSync(dirname(runsDirectory(id)));
    } catch (error) {
      // Something else of this container's is kept there.
      if (errnoOf(error) === undefined) throw error;
    }
  }
}

/** When a directory was written to last; undefined where there is none. Sockets lie beside the containers' directories. */
function timeOf(directory: string): number | undefined {
  try {
    return statSync(directory).mtimeMs;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) throw error;
    return undefined;
  }
}

function recordNames(directory: string): string[] {
  return namesIn(directory)
    .filter((name) => /^[0-9].*\.json$/.test(name))
    .sort();
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function isHookRun(value: unknown): value is HookRun {
  if (!isObject(value)) return false;
  const texts = [value['id'], value['name'], value['path'], value['startedAt'], value['stdout'], value['stderr']];
  return texts.every((text) => typeof text === 'string') && Array.isArray(value['args']);
}
