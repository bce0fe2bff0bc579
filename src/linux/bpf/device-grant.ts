import {
  ALWAYS,
  combineMaps,
  type DeviceMap,
  LARGEST_NUMBER,
  NEVER,
  spread,
  uniformMap,
  type Verdicts,
  verdictsWhere,
  verdictsWithin,
} from './device-map.ts';
import type { NodeType } from './device-request.ts';
import { ANY_NUMBER } from './device-rule.ts';

/** What is to be opened, or closed, for a device: numbers of one node, or any (-1), and access bits. */
export interface DeviceGrant {
  readonly type: NodeType;
  readonly major: number;
  readonly minor: number;
  readonly access: number;
}

/** Gives the map that allows the grants and nothing else; grants for one device add up (r and w give rw). */
export function mapOfGrants(grants: readonly DeviceGrant[]): DeviceMap {
  return combineGrants(
    grants,
    NEVER,
    (access) => verdictsWithin(access),
    (left, right) => left | right,
  );
}

/**
 * Gives the map that denies the grants and allows all else. A request that shares any bit with a grant is denied, so
 * `w` denied takes `rw` away too, as the v1 kernel does; a request without bits still passes.
 */
export function mapOfDenials(grants: readonly DeviceGrant[]): DeviceMap {
  return combineGrants(
    grants,
    ALWAYS,
    (access) => verdictsWhere((mask) => (mask & access) === 0),
    (left, right) => left & right,
  );
}

function combineGrants(
  grants: readonly DeviceGrant[],
  start: Verdicts,
  verdictsOf: (access: number) => Verdicts,
  join: (left: Verdicts, right: Verdicts) => Verdicts,
): DeviceMap {
  return joinAlike(grants).reduce((map, { type, major, minor, access }) => {
    const own = spanAround(minor, { verdicts: verdictsOf(access) }, { verdicts: start });
    const majors = spanAround(
      major,
      { minors: own },
      { minors: spanAround(ANY_NUMBER, { verdicts: start }, { verdicts: start }) },
    );
    const other = uniformMap(start);
    return combineMaps(map, { ...other, [type]: majors }, join);
  }, uniformMap(start));
}

/** Gives spans over all numbers with `inside` at one of them (at all, for -1) and `outside` elsewhere. */
function spanAround<T>(
  number: number,
  inside: T,
  outside: T,
): ({ readonly first: number; readonly last: number } & T)[] {
  if (number === ANY_NUMBER) return [{ first: 0, last: LARGEST_NUMBER, ...inside }];
  return spread([number], (named) => (named === undefined ? outside : inside));
}

/** Adds up the access of grants that name the same device. */
function joinAlike(grants: readonly DeviceGrant[]): DeviceGrant[] {
  const joined = new Map<string, DeviceGrant>();
  for (const grant of grants) {
    const key = `${grant.type} ${grant.major}:${grant.minor}`;
    joined.set(key, { ...grant, access: grant.access | (joined.get(key)?.access ?? 0) });
  }
  return [...joined.values()];
}
