import { statSync } from 'node:fs';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { ExactJson } from '../../core/oci/exact-json.ts';
import { restrictCgroup } from '../../linux/bpf/cgroup-programs.ts';
import type { DeviceGrant } from '../../linux/bpf/device-grant.ts';
import type { DeviceMap } from '../../linux/bpf/device-map.ts';
import { parseAccess } from '../../linux/bpf/device-request.ts';
import { ANY_NUMBER, type DeviceRule, renderRule } from '../../linux/bpf/device-rule.ts';
import { readRules } from '../../linux/bpf/dialect.ts';
import { mapOfList } from '../../linux/bpf/list-map.ts';
import { errnoReason } from '../../linux/cgroup/errno-reason.ts';
import { writeInto } from '../../linux/cgroup/make-cgroup.ts';
import type { OpenCgroup } from '../../linux/cgroup/open-cgroup.ts';
import { type CgroupProblem, problem } from '../../linux/cgroup/problem.ts';
import { readRuleList } from '../../linux/device/rule-list.ts';
import { type DeviceAllow, deviceAllowOf } from '../../linux/systemd/device-allow.ts';

/** Nodes that Kata allows every virtual machine monitor, where this machine has them. */
const NODES: readonly string[] = [
  ...['/dev/null', '/dev/random', '/dev/full', '/dev/tty', '/dev/zero', '/dev/urandom', '/dev/console'],
  ...['/dev/kvm', '/dev/mshv', '/dev/vhost-net', '/dev/vfio/vfio', '/dev/vhost-vsock'],
];

/** Any node may be made; terminals; tun. */
const NUMBERS: readonly DeviceRule[] = [
  allow('c', ANY_NUMBER, ANY_NUMBER, 'm'),
  allow('b', ANY_NUMBER, ANY_NUMBER, 'm'),
  allow('c', 136, ANY_NUMBER),
  allow('c', 10, 200),
];

/** Loop devices, which Kata allows where the shim, who mounts images, is in the same cgroup. */
const LOOP: readonly DeviceRule[] = [allow('c', 10, 237), allow('b', 7, ANY_NUMBER)];

const DENY_ALL: DeviceRule = { allow: false, type: 'a', major: ANY_NUMBER, minor: ANY_NUMBER, access: 'rwm' };

/** What a sandbox's cgroup may open: all else is denied. */
export interface SandboxDevices {
  /** In the order they count; the first denies everything. */
  readonly rules: readonly DeviceRule[];
  readonly map: DeviceMap;
  /** config.json allows everything, as for privileged containers: there is nothing to bound. */
  readonly isOpen: boolean;
}

/**
 * Gives the devices of a sandbox as Kata does: those of its config.json, and those that a monitor needs.
 * Source: Kata's Go runtime, pkg/resourcecontrol (sandboxDevices).
 *
 * @param json - linux.resources.devices of config.json
 * @param more - the administrator's own
 */
export function sandboxDevices(
  json: ExactJson | undefined,
  options: { readonly withLoop: boolean; readonly more: readonly DeviceRule[] },
): SandboxDevices | { readonly problems: readonly CgroupProblem[] } {
  const { rules: own, problems } = json === undefined ? { rules: [], problems: [] } : readRuleList(json);
  if (problems.length > 0) return { problems };
  const nodes = NODES.flatMap((path) => ruleOfNode(path) ?? []);
  const rules = [DENY_ALL, ...own, ...nodes, ...NUMBERS, ...(options.withLoop ? LOOP : []), ...options.more];
  const result = readRules(rules, 'runc');
  if ('refused' in result) {
    return { problems: [problem('DEVICE_RULE_REFUSED', `[${result.index - 1}]`, { reason: result.refused })] };
  }
  return { rules, map: mapOfList(result.list), isOpen: result.list.defaultAllow };
}

/** Gives the rules as device cgroups write them: `c 10:232 rwm`. */
export function allowedTexts({ rules }: SandboxDevices): string[] {
  return rules.filter((rule) => rule.allow).map(renderRule);
}

/** Gives the rules as systemd's DeviceAllow has them; those that it has no words for are left out. */
export function allowedUnitDevices({ rules }: SandboxDevices): DeviceAllow[] {
  return rules.flatMap(({ allow: isAllowed, type, major, minor, access }) => {
    if (!isAllowed || type === 'a') return [];
    const grant: DeviceGrant = { type, major, minor, access: parseAccess(access) };
    const pair = deviceAllowOf(grant);
    return pair === undefined ? [] : [pair];
  });
}

/**
 * Bounds what a cgroup may open: by one more program on v2, by the list on v1. Done again it changes nothing.
 *
 * @returns a warning for each device that an ancestor denies (v1)
 * @throws {SystemError} `BPF_*`, `DEVICE_*`
 */
export function restrictDevices(cgroup: OpenCgroup, devices: SandboxDevices, version: 1 | 2): string[] {
  if (version === 2) {
    if (cgroup.place.isPlain !== true) restrictCgroup(cgroup, devices.map);
    return [];
  }
  const writes = devices.rules.map((rule): readonly [file: string, value: string] => [
    rule.allow ? 'devices.allow' : 'devices.deny',
    rule.type === 'a' ? 'a' : renderRule(rule),
  ]);
  return writes.flatMap(([file, value]) => {
    try {
      writeInto(cgroup, file, value);
      return [];
    } catch (error) {
      const path = `${cgroup.directory}/${file}`;
      // A device that a cgroup above denies cannot be given below: the sandbox lacks it, and nothing else.
      if (file === 'devices.allow') return [`${value} is not allowed in ${cgroup.directory}: ${errnoReason(error)}`];
      throw new SystemError('DEVICE_V1', { path, value, reason: errnoReason(error) }, { cause: error });
    }
  });
}

function allow(type: 'b' | 'c', major: number, minor: number, access = 'rwm'): DeviceRule {
  return { allow: true, type, major, minor, access };
}

function ruleOfNode(path: string): DeviceRule | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !(stats.isCharacterDevice() || stats.isBlockDevice())) return undefined;
  const { rdev } = stats;
  // As glibc's gnu_dev_major and gnu_dev_minor, for the numbers that fit in 32 bits.
  const major = (rdev >> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >> 12) & 0xfff00);
  return allow(stats.isBlockDevice() ? 'b' : 'c', major, minor);
}
