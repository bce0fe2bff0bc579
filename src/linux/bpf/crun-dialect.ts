import type { DeviceEntry, DeviceList } from './device-list.ts';
import { ALL_ACCESS, parseAccess } from './device-request.ts';
import { ANY_NUMBER, type DeviceRule } from './device-rule.ts';

/**
 * Gives the list that crun tests: from the last rule to the first, without merging; nothing that applies means deny.
 * A rule for everything (`a *:* rwm`) ends it. Numbers are cut to 32 bits, so 4294967295 becomes a wildcard.
 * Source: crun `src/libcrun/ebpf.c` and `cgroup-resources.c`, measured with crun 1.8.1.
 */
export function crunList(rules: readonly DeviceRule[]): DeviceList {
  const entries: DeviceEntry[] = [];
  for (const rule of rules.toReversed()) {
    const entry = {
      allow: rule.allow,
      type: rule.type,
      major: cut(rule.major),
      minor: cut(rule.minor),
      access: parseAccess(rule.access),
    };
    const { type, major, minor, access } = entry;
    if (type === 'a' && major === ANY_NUMBER && minor === ANY_NUMBER && access === ALL_ACCESS) {
      return { entries, defaultAllow: rule.allow };
    }
    entries.push(entry);
  }
  return { entries, defaultAllow: false };
}

function cut(number: number): number {
  return Number(BigInt.asIntN(32, BigInt(number)));
}
