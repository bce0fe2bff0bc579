import { accessSync, constants, mkdirSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { EXECUTABLE } from '../host/executable.ts';
import { notedPath, runtimeLink } from './noted-runtime.ts';

/** Where a runtime that is named without its directory is looked for; the caller's PATH has no part in it. */
const RUNTIME_DIRECTORIES: readonly string[] = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
];

/**
 * Finds the real runtime: the first of these that exists and may be executed. The wrapper itself, under whatever name, is
 * passed over: it would start itself without end.
 *
 * @throws {SystemError} `RUNTIME_MISSING`
 */
export function findRuntime(names: readonly string[], settingsPath: string): string {
  const self = identityOf(EXECUTABLE ? '/proc/self/exe' : (process.argv[1] ?? ''));
  for (const name of names) {
    const paths = name.startsWith('/') ? [name] : RUNTIME_DIRECTORIES.map((directory) => join(directory, name));
    const found = paths.find((path) => isProgram(path) && identityOf(path) !== self);
    if (found !== undefined) return found;
  }
  throw new SystemError('RUNTIME_MISSING', { names: names.join(', '), settings: settingsPath });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    // Not there, or not ours to execute: the next one decides.
    return false;
  }
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats && `${stats.dev}:${stats.ino}`;
}

/**
 * Notes which runtime made the last container under this name of the program, as a link: so that the other commands, which
 * read no settings, go to the same one.
 */
export function noteRuntime(program: string, path: string): void {
  const link = runtimeLink(program);
  try {
    if (notedPath(link) === path) return;
    mkdirSync(dirname(link), { recursive: true, mode: 0o700 });
    const temporary = `${link}.${process.pid}`;
    // One that was killed on its way, with the same process number, may have left it.
    rmSync(temporary, { force: true });
    symlinkSync(path, temporary);
    try {
      renameSync(temporary, link);
    } catch (error) {
      unlinkSync(temporary);
      throw error;
    }
  } catch (error) {
    // Without the note the other commands look into the settings.
    if (errnoOf(error) === undefined) throw error;
  }
}
