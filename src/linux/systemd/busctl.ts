import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { errnoOf } from '../../core/diagnostic/system-error.ts';

/** A bus that a systemd manager answers on: undefined uid is the system's. */
export interface ManagerBus {
  readonly uid: number | undefined;
}

/** What a call to a manager gave: its values, or why there are none. */
export type CallResult = { readonly data: readonly unknown[] } | { readonly reason: string };

/** Calls a method of a D-Bus object of systemd; arguments are as busctl(1) takes them after the signature. */
export type CallSystemd = (
  bus: ManagerBus,
  target: { readonly object: string; readonly interface: string; readonly method: string },
  signature: string,
  args: readonly string[],
) => CallResult;

// Never looked up in PATH: whoever starts a hook sets the environment, and this runs as root.
const PROGRAMS: readonly string[] = ['/usr/bin/busctl', '/bin/busctl'];

/** Longer than systemd needs for anything asked here, shorter than a hook's usual patience. */
const TIMEOUT_MS = 10_000;

/** Calls systemd through busctl(1), without a shell. For a user's manager root takes on that user's identity. */
export const callThroughBusctl: CallSystemd = (bus, target, signature, args) => {
  const program = PROGRAMS.find((path) => existsSync(path));
  if (program === undefined) return { reason: `busctl is not installed (looked at ${PROGRAMS.join(', ')})` };
  const runtimeDirectory = bus.uid === undefined ? undefined : `/run/user/${bus.uid}`;
  if (runtimeDirectory !== undefined && !existsSync(runtimeDirectory)) {
    return { reason: `the user ${bus.uid} has no systemd running: ${runtimeDirectory} is not there` };
  }
  const result = spawnSync(
    program,
    [
      ...(bus.uid === undefined ? [] : ['--user']),
      '--json=short',
      'call',
      '--',
      'org.freedesktop.systemd1',
      target.object,
      target.interface,
      target.method,
      ...(signature === '' ? [] : [signature, ...args]),
    ],
    {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      cwd: '/',
      env: runtimeDirectory === undefined ? {} : { XDG_RUNTIME_DIR: runtimeDirectory },
      ...asUser(bus.uid, runtimeDirectory),
    },
  );
  if (result.error !== undefined) {
    const reason =
      errnoOf(result.error) === 'ETIMEDOUT' ? `no answer within ${TIMEOUT_MS / 1000} s` : result.error.message;
    return { reason };
  }
  if (result.status !== 0) return { reason: result.stderr.trim().replace(/^Call failed: /, '') };
  // Methods without a result print nothing.
  if (result.stdout.trim() === '') return { data: [] };
  const reply: unknown = JSON.parse(result.stdout);
  const data = typeof reply === 'object' && reply !== null && 'data' in reply ? reply.data : undefined;
  return { data: Array.isArray(data) ? data : [] };
};

function asUser(uid: number | undefined, runtimeDirectory: string | undefined): { uid?: number; gid?: number } {
  if (uid === undefined || runtimeDirectory === undefined || process.geteuid?.() === uid) return {};
  return { uid, gid: statSync(runtimeDirectory).gid };
}
