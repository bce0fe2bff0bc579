import type { DeviceRequest } from './device-request.ts';
import { ANY_NUMBER, type RuleType } from './device-rule.ts';

/** A test with its outcome: it applies to a request whose type and numbers fit and whose bits all lie in `access`. */
export interface DeviceEntry {
  readonly allow: boolean;
  readonly type: RuleType;
  readonly major: number;
  readonly minor: number;
  readonly access: number;
}

/** Entries in the order they are tested: the first that applies decides, else `defaultAllow`. */
export interface DeviceList {
  readonly entries: readonly DeviceEntry[];
  readonly defaultAllow: boolean;
}

/** Decides one request by reading the list from top to bottom. */
export function listAllows(list: DeviceList, request: DeviceRequest): boolean {
  const entry = list.entries.find(
    ({ type, major, minor, access }) =>
      (type === 'a' || type === request.type) &&
      (major === ANY_NUMBER || major === request.major) &&
      (minor === ANY_NUMBER || minor === request.minor) &&
      (request.access & ~access) === 0,
  );
  return entry?.allow ?? list.defaultAllow;
}

/**
 * Gives how many pairs of a named major and a minor named for any major the list has: each may decide differently,
 * so a map of the list holds that many spans.
 */
export function crossings({ entries }: DeviceList): number {
  const majors = new Set<number>();
  const minors = new Set<number>();
  for (const { major, minor } of entries) {
    if (major !== ANY_NUMBER) majors.add(major);
    else if (minor !== ANY_NUMBER) minors.add(minor);
  }
  return majors.size * minors.size;
}
