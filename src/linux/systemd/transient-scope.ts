import { type CallSystemd, callThroughBusctl } from './busctl.ts';

const MANAGER = { object: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const;

/** A scope to be made around a process. */
export interface TransientScope {
  /** Ends in `.scope`. */
  readonly unit: string;
  readonly description: string;
  readonly pid: number;
  /** More processes that go into it. */
  readonly morePids?: readonly number[];
  /** Each as busctl(1) takes an element of `a(sv)`: name, signature, values. */
  readonly properties?: readonly (readonly string[])[];
  /** Whose manager is asked; undefined for the system's. */
  readonly uid: number | undefined;
}

/**
 * Has systemd move a process into a scope of its own, which goes when the process does. Gives the reason where systemd
 * refuses, else undefined.
 */
export function startTransientScope(scope: TransientScope, call: CallSystemd = callThroughBusctl): string | undefined {
  const { unit, description, uid } = scope;
  const pids = [scope.pid, ...(scope.morePids ?? [])];
  const properties = [
    ['PIDs', 'au', String(pids.length), ...pids.map(String)],
    ['Description', 's', description],
    ['CollectMode', 's', 'inactive-or-failed'],
    ...(scope.properties ?? []),
  ];
  const args = [unit, 'fail', String(properties.length), ...properties.flat(), '0'];
  const answer = call({ uid }, { ...MANAGER, method: 'StartTransientUnit' }, 'ssa(sv)a(sa(sv))', args);
  return 'reason' in answer ? answer.reason : undefined;
}
