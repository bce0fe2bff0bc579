import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { DeviceGrant } from '../bpf/device-grant.ts';
import { renderAccess } from '../bpf/device-request.ts';
import { numbersName } from '../device/find-devices.ts';
import { type CallSystemd, callThroughBusctl } from './busctl.ts';
import { findUnit, isSystemdRunning, type KnownUnit } from './unit.ts';
import { unitOfCgroup } from './unit-of-cgroup.ts';

/** An element of DeviceAllow: a node or a driver, and access letters. */
export type DeviceAllow = readonly [device: string, access: string];

/** What systemd has to be told so that it does not take devices away again. */
export interface UnitDevices {
  readonly unit: KnownUnit;
  readonly allow: readonly DeviceAllow[];
  /** Devices or settings that systemd cannot be told of: they are lost when it writes its own program anew. */
  readonly lost: readonly string[];
}

const MANAGER = { object: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const;
const SCOPE = 'org.freedesktop.systemd1.Scope';
const SERVICE = 'org.freedesktop.systemd1.Service';

/**
 * Finds what to tell systemd before a cgroup is widened: at each daemon-reload and set-property it attaches a program
 * made of its own DeviceAllow, which knows nothing of ours. Undefined where no unit of a running systemd limits the
 * cgroup's devices: a unit with DevicePolicy=auto and an empty list has no filter, and naming one device would make one.
 *
 * @param path - the cgroup, counted from the root of its hierarchy
 */
export function planUnitDevices(
  path: string,
  grants: readonly DeviceGrant[],
  call: CallSystemd = callThroughBusctl,
): UnitDevices | undefined {
  const owner = unitOfCgroup(path);
  if (owner === undefined || owner.unit.endsWith('.slice') || !isSystemdRunning()) return undefined;
  const unit = findUnit(owner, call);
  if (unit === undefined) return undefined;
  const read = (name: string): unknown => {
    const kind = unit.unit.endsWith('.scope') ? SCOPE : SERVICE;
    const target = { object: unit.object, interface: 'org.freedesktop.DBus.Properties', method: 'Get' };
    const result = call(unit.bus, target, 'ss', [kind, name]);
    const variant = 'data' in result ? result.data[0] : undefined;
    return typeof variant === 'object' && variant !== null && 'data' in variant ? variant.data : undefined;
  };
  const isEmpty = (value: unknown): boolean => !Array.isArray(value) || value.length === 0;
  if (!isEmpty(read('BPFProgram'))) {
    const lost = `${unit.unit} has its device program in BPFProgram, which cannot be added to: the devices are lost at the next daemon-reload or set-property`;
    return { unit, allow: [], lost: [lost] };
  }
  if (read('DevicePolicy') === 'auto' && isEmpty(read('DeviceAllow'))) return undefined;
  const told = grants.map((grant) => [grant, deviceAllowOf(grant)] as const);
  return {
    unit,
    allow: told.flatMap(([, allow]) => (allow === undefined ? [] : [allow])),
    lost: told.flatMap(([grant, allow]) =>
      allow === undefined ? [`systemd has no name for ${numbersName(grant.type, grant.major, grant.minor)}`] : [],
    ),
  };
}

/**
 * Adds to DeviceAllow of a unit until the next boot (`runtime`).
 *
 * @throws {SystemError} `SYSTEMD_CALL`
 */
export function allowUnitDevices(
  { unit, allow }: Pick<UnitDevices, 'unit' | 'allow'>,
  call: CallSystemd = callThroughBusctl,
): void {
  if (allow.length === 0) return;
  const value = ['DeviceAllow', 'a(ss)', String(allow.length), ...allow.flat()];
  const args = [unit.unit, 'true', '1', ...value];
  const result = call(unit.bus, { ...MANAGER, method: 'SetUnitProperties' }, 'sba(sv)', args);
  if ('data' in result) return;
  throw new SystemError('SYSTEMD_CALL', { method: 'SetUnitProperties', unit: unit.unit, reason: result.reason });
}

/** Gives a grant as an element of DeviceAllow: `char-10` (systemd 240) for all minors. Undefined for one minor of any major. */
export function deviceAllowOf({ type, major, minor, access }: DeviceGrant): DeviceAllow | undefined {
  if (minor >= 0 && major < 0) return undefined;
  const kind = type === 'b' ? 'block' : 'char';
  const drivers = `${kind}-${major < 0 ? '*' : major}`;
  return [minor < 0 ? drivers : numbersName(type, major, minor), renderAccess(access)];
}
