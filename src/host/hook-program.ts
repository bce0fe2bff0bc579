import { type Stats, statSync } from 'node:fs';
import type { HookProgram } from '../core/catalog/hook-path.ts';
import { errnoOf } from '../core/diagnostic/system-error.ts';

/**
 * Looks what stands at a hook's path on this machine, links followed, with the effective user's rights. A relative path
 * counts from the working directory, as in the reference.
 */
export function findHookProgram(path: string): HookProgram {
  try {
    return programKind(statSync(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return { kind: 'missing' };
    return { kind: 'unreachable', reason: errno ?? 'it is not a path' };
  }
}

/** Tells whether what a path leads to can be run. */
export function programKind(stats: Stats): HookProgram {
  if (!stats.isFile()) return { kind: 'not-a-file' };
  return (stats.mode & 0o111) === 0 ? { kind: 'not-executable' } : { kind: 'program' };
}
