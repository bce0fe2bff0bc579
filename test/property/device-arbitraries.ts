import fc from 'fast-check';
import type { DeviceGrant } from '../../src/linux/bpf/device-grant.ts';
import type { DeviceList } from '../../src/linux/bpf/device-list.ts';
import { ACCESS_MASKS, type DeviceRequest } from '../../src/linux/bpf/device-request.ts';
import type { DeviceRule } from '../../src/linux/bpf/device-rule.ts';

const nodeType = fc.constantFrom('b', 'c');

/** Numbers that meet often, so that rules overlap. */
const number = fc.oneof(
  { weight: 3, arbitrary: fc.constant(-1) },
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 9 }) },
  { weight: 1, arbitrary: fc.constantFrom(4095, 1_048_575, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff) },
);

/** A rule as config.json may hold it. */
export const deviceRule: fc.Arbitrary<DeviceRule> = fc.record({
  allow: fc.boolean(),
  type: fc.oneof({ weight: 1, arbitrary: fc.constant('a' as const) }, { weight: 8, arbitrary: nodeType }),
  major: number,
  minor: number,
  access: fc.constantFrom('r', 'w', 'm', 'rw', 'rm', 'wm', 'rwm', 'x', 'mrx'),
});

/** A rule that only allows, as nearly all do: no dialect refuses such a list. */
export const allowRule: fc.Arbitrary<DeviceRule> = deviceRule.map((rule) => ({ ...rule, allow: true }));

/** A grant, as the helper makes of devices that it found. */
export const deviceGrant: fc.Arbitrary<DeviceGrant> = fc.record({
  type: nodeType,
  major: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 12 })),
  minor: fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 12 })),
  access: fc.integer({ min: 1, max: 7 }),
});

/** Gives the requests at which a list may change its mind: every number it names, with its neighbours. */
export function requestsAround(lists: readonly Pick<DeviceList, 'entries'>[]): DeviceRequest[] {
  const entries = lists.flatMap((list) => list.entries);
  const around = (pick: 'major' | 'minor'): number[] => [
    ...new Set(entries.flatMap((entry) => [entry[pick] - 1, entry[pick], entry[pick] + 1]).concat(0, 77)),
  ];
  const valid = (value: number): boolean => value >= 0 && value <= 0x7fff_ffff;
  const minors = around('minor').filter(valid);
  return around('major')
    .filter(valid)
    .flatMap((major) =>
      minors.flatMap((minor) =>
        (['b', 'c'] as const).flatMap((type) => ACCESS_MASKS.map((access) => ({ type, major, minor, access }))),
      ),
    );
}
