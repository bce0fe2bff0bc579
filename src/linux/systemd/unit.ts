import { existsSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { type CallSystemd, callThroughBusctl, type ManagerBus } from './busctl.ts';
import type { TextProperty } from './property-text.ts';
import type { UnitOfCgroup } from './unit-of-cgroup.ts';
import type { UnitProperty } from './unit-properties.ts';

/** A unit that a running systemd knows, and how to speak to that systemd. */
export interface KnownUnit {
  readonly unit: string;
  readonly bus: ManagerBus;
  readonly object: string;
  /** The manager's version: 252 for "252.39-1~deb12u1". */
  readonly version: number;
}

/** What became of properties. */
export interface PropertyReport {
  readonly set: readonly UnitProperty[];
  /** Properties that this systemd does not know. */
  readonly unknown: readonly UnitProperty[];
}

const MANAGER = { object: '/org/freedesktop/systemd1', interface: 'org.freedesktop.systemd1.Manager' } as const;
const PROPERTIES = 'org.freedesktop.DBus.Properties';

/** As crun: a systemd that refuses more than this has another reason. */
const MAX_UNKNOWN = 32;

/** Tells whether systemd runs this machine (sd_booted(3)). */
export function isSystemdRunning(): boolean {
  return existsSync('/run/systemd/system');
}

/**
 * Finds the unit that systemd has for a cgroup: the path alone proves nothing, for anybody may name a directory
 * `x.scope`. Undefined where systemd has no such unit, or has it elsewhere.
 */
export function findUnit(owner: UnitOfCgroup, call: CallSystemd = callThroughBusctl): KnownUnit | undefined {
  const bus: ManagerBus = { uid: owner.uid };
  const found = call(bus, { ...MANAGER, method: 'GetUnit' }, 's', [owner.unit]);
  const object = 'data' in found ? found.data[0] : undefined;
  if (typeof object !== 'string') return undefined;
  const group = readProperty(call, bus, object, unitInterface(owner.unit), 'ControlGroup');
  const version = readProperty(call, bus, MANAGER.object, MANAGER.interface, 'Version');
  const number = typeof version === 'string' ? /^v?(\d+)/.exec(version)?.[1] : undefined;
  if (group !== owner.path || number === undefined) return undefined;
  return { unit: owner.unit, bus, object, version: Number(number) };
}

/**
 * Sets properties of a unit until the next boot (`runtime`). A property that this systemd does not know is left out and
 * named; then the others are set, all or none.
 *
 * @throws {SystemError} `SYSTEMD_CALL`
 */
export function setUnitProperties(
  unit: KnownUnit,
  properties: readonly UnitProperty[],
  call: CallSystemd = callThroughBusctl,
): PropertyReport {
  const unknown = send(unit, properties, propertyArguments, call);
  return { set: properties.filter((property) => !unknown.includes(property)), unknown };
}

/**
 * Sets properties given as text; gives those that this systemd does not know.
 *
 * @throws {SystemError} `SYSTEMD_CALL`
 */
export function setTextProperties(
  unit: KnownUnit,
  properties: readonly TextProperty[],
  call: CallSystemd = callThroughBusctl,
): readonly TextProperty[] {
  return send(unit, properties, ({ name, signature, words }) => [name, signature, ...words], call);
}

/** Sends properties, without those that systemd says it does not know, and gives the latter. */
function send<T extends { readonly name: string }>(
  { unit, bus }: KnownUnit,
  properties: readonly T[],
  argumentsOf: (property: T) => readonly string[],
  call: CallSystemd,
): readonly T[] {
  const unknown: T[] = [];
  for (;;) {
    const wanted = properties.filter((property) => !unknown.includes(property));
    if (wanted.length === 0) return unknown;
    const args = [unit, 'true', String(wanted.length), ...wanted.flatMap(argumentsOf)];
    const result = call(bus, { ...MANAGER, method: 'SetUnitProperties' }, 'sba(sv)', args);
    if ('data' in result) return unknown;
    const name = /Cannot set property ([A-Za-z0-9]+), or unknown property/.exec(result.reason)?.[1];
    const refused = wanted.filter((property) => property.name === name);
    if (refused.length === 0 || unknown.length >= MAX_UNKNOWN) {
      throw new SystemError('SYSTEMD_CALL', { method: 'SetUnitProperties', unit, reason: result.reason });
    }
    unknown.push(...refused);
  }
}

/** Reads what properties a unit has now, so that they can be set back; those it does not have are left out. */
export function readUnitProperties(
  { unit, bus, object }: KnownUnit,
  properties: readonly UnitProperty[],
  call: CallSystemd = callThroughBusctl,
): UnitProperty[] {
  return properties.flatMap(({ name, signature }): UnitProperty[] => {
    const value = readProperty(call, bus, object, unitInterface(unit), name);
    if (signature === 't' && (typeof value === 'number' || typeof value === 'string')) {
      // busctl prints uint64 beyond 2^53 as a number that JSON.parse rounds; such a value can only mean infinity.
      const exact = typeof value === 'number' && !Number.isSafeInteger(value) ? 2n ** 64n - 1n : BigInt(value);
      return [{ name, signature, value: exact }];
    }
    if (signature === 'ay' && Array.isArray(value)) return [{ name, signature, value: value.map(Number) }];
    return [];
  });
}

/** Gives a property as busctl takes an element of `a(sv)`. */
function propertyArguments(property: UnitProperty): string[] {
  const { name, signature } = property;
  switch (property.signature) {
    case 't':
      return [name, signature, String(property.value)];
    case 'ay':
      return [name, signature, String(property.value.length), ...property.value.map(String)];
    case 'a(st)':
      return [
        name,
        signature,
        String(property.value.length),
        ...property.value.flatMap(([device, weight]) => [device, String(weight)]),
      ];
    default:
      return property satisfies never;
  }
}

function readProperty(call: CallSystemd, bus: ManagerBus, object: string, owner: string, name: string): unknown {
  const result = call(bus, { object, interface: PROPERTIES, method: 'Get' }, 'ss', [owner, name]);
  const variant = 'data' in result ? result.data[0] : undefined;
  return typeof variant === 'object' && variant !== null && 'data' in variant ? variant.data : undefined;
}

function unitInterface(unit: string): string {
  const type = unit.slice(unit.lastIndexOf('.') + 1);
  return `org.freedesktop.systemd1.${type.charAt(0).toUpperCase()}${type.slice(1)}`;
}
