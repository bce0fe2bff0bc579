import { isObject } from '../core/definition/keys.ts';
import type { PlannedHook } from '../core/injection/plan.ts';
import type { OciHooks } from '../core/oci/config.ts';
import type { Hook } from '../core/oci/hook.ts';
import { isRecordableId } from '../host/hook-runs.ts';
import type { OwnProgram } from '../host/own-program.ts';

const FLAGS: readonly string[] = ['--id', '--name', '--stage', '--timeout', '--argv0'];

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

/**
 * Gives a config's hooks with those that run recorded as they would be without: so that a hook is found to be there already
 * whether it is recorded or not, and whichever id the bundle was used under.
 */
export function originalHooks(hooks: OciHooks, program: OwnProgram): OciHooks {
  return Object.fromEntries(
    Object.entries(hooks).map(([stage, entries]) => [
      stage,
      Array.isArray(entries) ? entries.flatMap((entry: unknown) => originalsOf(entry, program) ?? [entry]) : entries,
    ]),
  );
}

/** Undefined for an entry that is not ours. Two for one without arguments: whether it had an `args` is not recorded. */
function originalsOf(entry: unknown, program: OwnProgram): Hook[] | undefined {
  if (!isObject(entry) || entry['path'] !== program.path || !isTexts(entry['args'])) return undefined;
  const words = entry['args'];
  const start = [...program.args, 'exec-hook'];
  if (start.some((word, index) => words[index] !== word)) return undefined;
  const flags = new Map<string, string>();
  let at = start.length;
  for (; FLAGS.includes(words[at] ?? ''); at += 2) flags.set(words[at] ?? '', words[at + 1] ?? '');
  const [path, ...args] = words.slice(at + 1);
  if (words[at] !== '--' || path === undefined) return undefined;
  const { env } = entry;
  const timeout = flags.get('--timeout');
  const original: Hook = {
    path,
    args: [flags.get('--argv0') ?? path, ...args],
    ...(isTexts(env) && { env }),
    ...(timeout !== undefined && { timeout: Number(timeout) }),
  };
  if (args.length > 0 || flags.has('--argv0')) return [original];
  const { args: _onlyPath, ...bare } = original;
  return [original, bare];
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
