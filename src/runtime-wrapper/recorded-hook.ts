import type { PlannedHook } from '../core/injection/plan.ts';
import type { Hook } from '../core/oci/hook.ts';
import { isRecordableId } from '../host/hook-runs.ts';
import type { OwnProgram } from '../host/own-program.ts';

/** Tells whether what a hook says can be kept: the path of a startContainer hook is the container's, and so is its /run. */
export function isRecordable({ stage }: PlannedHook, id: string): boolean {
  return stage !== 'startContainer' && isRecordableId(id);
}

/**
 * Gives a hook that runs another one and keeps what it says: `hooks exec-hook ... -- PATH ARGS`.
 *
 * The inner one is ended after its own timeout; the outer one has a second more, so that it can write down what happened.
 */
export function recordedHook({ stage, hook, definition }: PlannedHook, id: string, program: OwnProgram): Hook {
  const [name, ...args] = hook.args ?? [];
  const { timeout } = hook;
  return {
    path: program.path,
    args: [
      ...program.args,
      ...['exec-hook', '--id', id, '--name', definition, '--stage', stage],
      ...(timeout === undefined ? [] : ['--timeout', String(timeout)]),
      ...(name === undefined || name === hook.path ? [] : ['--argv0', name]),
      ...['--', hook.path, ...args],
    ],
    ...(hook.env && { env: hook.env }),
    ...(timeout !== undefined && { timeout: typeof timeout === 'bigint' ? timeout : later(timeout) }),
  };
}

function later(timeoutSeconds: number): number {
  return timeoutSeconds > 0 ? timeoutSeconds + 1 : timeoutSeconds;
}
