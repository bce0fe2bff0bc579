import { statusAt } from '#file-calls';
import type { HookProgram } from '../core/catalog/hook-path.ts';
import type { FileStatus } from '../linux/file-calls/file-calls.ts';
import { ENOENT, errnoName } from './errno.ts';
import { isRegular } from './file.ts';

const PROGRAM: HookProgram = { kind: 'program' };

/**
 * Looks what stands at a hook's path on this machine, links followed, with the effective user's rights. A relative path
 * counts from the working directory, as in the reference.
 */
export function findHookProgram(path: string): HookProgram {
  const status = statusAt(path, 'follow');
  if (status === -ENOENT) return { kind: 'missing' };
  if (typeof status === 'number') return { kind: 'unreachable', reason: errnoName(status) };
  return programKind(status);
}

/** Tells whether what a path leads to can be run. */
export function programKind(status: Pick<FileStatus, 'mode'>): HookProgram {
  if (!isRegular(status)) return { kind: 'not-a-file' };
  return (status.mode & 0o111) === 0 ? { kind: 'not-executable' } : PROGRAM;
}
