import type { DeviceEntry } from './device-list.ts';
import { parseAccess } from './device-request.ts';
import { ANY_NUMBER, type DeviceRule, renderRule } from './device-rule.ts';
import type { DialectResult } from './dialect.ts';

const LARGEST_NUMBER = 0xffff_ffff;

/**
 * Gives the list that runc tests, by the rules of its emulator of the v1 device cgroup: a default and a table of
 * exceptions to it, keyed by the exact (type, major, minor). A rule of type `a` sets the default and empties the
 * table, whatever its numbers and access say. It refuses an empty access, numbers beyond 32 bits, and to take back
 * from a key what a wider key holds.
 * Source: opencontainers/cgroups `devices/devices_emulator.go`, measured with runc 1.1.5.
 */
export function runcList(rules: readonly DeviceRule[]): DialectResult {
  let defaultAllow = false;
  const table = new Map<string, DeviceEntry>();
  for (const [index, rule] of rules.entries()) {
    const { allow, type, access } = rule;
    if (access === '') return { refused: `rule ${renderRule(rule)}: runc refuses an empty access`, index };
    if (Math.max(rule.major, rule.minor) > LARGEST_NUMBER) {
      return { refused: `rule ${renderRule(rule)}: runc refuses numbers above ${LARGEST_NUMBER}`, index };
    }
    if (type === 'a') {
      defaultAllow = allow;
      table.clear();
      continue;
    }
    const major = Math.max(rule.major, ANY_NUMBER);
    const minor = Math.max(rule.minor, ANY_NUMBER);
    const key = keyOf(type, major, minor);
    const held = table.get(key)?.access ?? 0;
    const bits = parseAccess(access);
    if (allow !== defaultAllow) {
      table.set(key, { allow, type, major, minor, access: held | bits });
      continue;
    }
    const wider = [keyOf(type, ANY_NUMBER, minor), keyOf(type, major, ANY_NUMBER), keyOf(type, ANY_NUMBER, ANY_NUMBER)]
      .filter((wide) => wide !== key)
      .map((wide) => table.get(wide))
      .find((entry) => ((entry?.access ?? 0) & bits) !== 0);
    if (wider !== undefined) {
      const hole = `${type} ${number(wider.major)}:${number(wider.minor)}`;
      return { refused: `rule ${renderRule(rule)}: runc cannot punch a hole in the wildcard rule ${hole}`, index };
    }
    if ((held & ~bits) === 0) table.delete(key);
    else table.set(key, { allow: !defaultAllow, type, major, minor, access: held & ~bits });
  }
  return { list: { entries: [...table.values()], defaultAllow } };
}

function keyOf(type: string, major: number, minor: number): string {
  return `${type}${major}:${minor}`;
}

function number(value: number): string {
  return value === ANY_NUMBER ? '*' : String(value);
}
