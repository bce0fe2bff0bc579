import type { NodeType } from './device-request.ts';
import { ANY_NUMBER, type DeviceRule } from './device-rule.ts';
import type { Dialect } from './dialect.ts';

const COMMON: readonly DeviceRule[] = [
  allow('c', ANY_NUMBER, ANY_NUMBER, 'm'),
  allow('b', ANY_NUMBER, ANY_NUMBER, 'm'),
  allow('c', 1, 3),
  allow('c', 1, 8),
  allow('c', 1, 7),
  allow('c', 5, 0),
  allow('c', 1, 5),
  allow('c', 1, 9),
  allow('c', 136, ANY_NUMBER),
  allow('c', 5, 2),
  allow('c', 10, 200),
];

/**
 * What each runtime allows on top of the rules of config.json. 10:200 (tun) came and went: runc 1.2.0-rc1 and crun
 * 1.5 dropped it, later releases have it again. Source: opencontainers/cgroups `AllowedDevices`, crun
 * `get_default_devices`.
 */
export const DEFAULT_RULES: Readonly<Record<Dialect, readonly DeviceRule[]>> = {
  runc: COMMON,
  crun: [...COMMON, allow('c', 5, 1)],
};

function allow(type: NodeType, major: number, minor: number, access = 'rwm'): DeviceRule {
  return { allow: true, type, major, minor, access };
}
