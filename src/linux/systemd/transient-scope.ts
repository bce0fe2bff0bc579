import { type CallSystemd, callThroughBusctl } from './busctl.ts';

const MANAGER = { object: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const;

/** A scope to be made around a process. */
export interface TransientScope {
  /** Ends in `.scope`. */
  readonly unit: string;
  readonly description: string;
  readonly pid: number;
  /** Whose manager is asked; undefined for the system's. */
  readonly uid: number | undefined;
}

/**
 * Has systemd move a process into a scope of its own, which goes when the process does. Gives the reason where systemd
 * refuses, else undefined.
 */
export function startTransientScope(scope: TransientScope, call: CallSystemd = callThroughBusctl): string | undefined {
  const { unit, description, pid, uid } = scope;
  const properties = [
    ...['PIDs', 'au', '1', String(pid)],
    ...['Description', 's', description],
    ...['CollectMode', 's', 'inactive-or-failed'],
  ];
  const args = [unit, 'fail', '3', ...properties, '0'];
  const answer = call({ uid }, { ...MANAGER, method: 'StartTransientUnit' }, 'ssa(sv)a(sa(sv))', args);
  return 'reason' in answer ? answer.reason : undefined;
}
