import { describe, expect, it } from 'vitest';
import type { CallSystemd } from '../../../../src/linux/systemd/busctl.ts';
import { findUnit, readUnitProperties, setUnitProperties } from '../../../../src/linux/systemd/unit.ts';
import type { UnitProperty } from '../../../../src/linux/systemd/unit-properties.ts';

const OWNER = { slice: 'a.slice', unit: 'x.scope', uid: undefined, path: '/a.slice/x.scope' };
const UNIT = { unit: 'x.scope', bus: { uid: undefined }, object: '/u', version: 252 };
const PROPERTIES: readonly UnitProperty[] = [
  { name: 'MemoryHigh', signature: 't', value: 2n ** 64n - 1n },
  { name: 'AllowedCPUs', signature: 'ay', value: [3, 1] },
  { name: 'IODeviceWeight', signature: 'a(st)', value: [['8:0', 50n]] },
];

/** A systemd that knows one unit and, of properties, all but those named. */
function systemd({ group = OWNER.path, lacks = [] as readonly string[], reason = '' } = {}) {
  const calls: (readonly string[])[] = [];
  const call: CallSystemd = (_bus, { method }, _signature, args) => {
    calls.push([method, ...args]);
    if (method === 'GetUnit') return args[0] === 'x.scope' ? { data: ['/u'] } : { reason: 'not loaded' };
    if (method === 'Get') {
      const value = { ControlGroup: group, Version: '252.39-1~deb12u1', MemoryHigh: 18446744073709552000 }[
        args[1] ?? ''
      ];
      return value === undefined ? { reason: 'no such property' } : { data: [{ type: 'x', data: value }] };
    }
    const lacking = lacks.find((name) => args.includes(name));
    if (lacking !== undefined) return { reason: `Cannot set property ${lacking}, or unknown property.` };
    return reason === '' ? { data: [] } : { reason };
  };
  return { call, calls };
}

describe('findUnit', () => {
  it('gives the unit with the number of the version', () => {
    expect(findUnit(OWNER, systemd().call)).toEqual(UNIT);
  });

  it('knows none that systemd has elsewhere, or not at all', () => {
    expect(findUnit(OWNER, systemd({ group: '/b.slice/x.scope' }).call)).toBeUndefined();
    expect(findUnit({ ...OWNER, unit: 'y.scope' }, systemd().call)).toBeUndefined();
  });
});

describe('setUnitProperties', () => {
  it('sends name, signature and value of each until the next boot', () => {
    const { call, calls } = systemd();
    expect(setUnitProperties(UNIT, PROPERTIES, call)).toEqual({ set: PROPERTIES, unknown: [] });
    expect(calls).toEqual([
      [
        ...['SetUnitProperties', 'x.scope', 'true', '3'],
        ...['MemoryHigh', 't', '18446744073709551615'],
        ...['AllowedCPUs', 'ay', '2', '3', '1'],
        ...['IODeviceWeight', 'a(st)', '1', '8:0', '50'],
      ],
    ]);
  });

  it('leaves out what this systemd does not know and sends the rest', () => {
    const { call } = systemd({ lacks: ['AllowedCPUs', 'MemoryHigh'] });
    const report = setUnitProperties(UNIT, PROPERTIES, call);
    expect(report.unknown.map(({ name }) => name).toSorted()).toEqual(['AllowedCPUs', 'MemoryHigh']);
    expect(report.set.map(({ name }) => name)).toEqual(['IODeviceWeight']);
  });

  it('throws what systemd refuses for another reason', () => {
    const { call } = systemd({ reason: 'Interactive authentication required.' });
    expect(() => setUnitProperties(UNIT, PROPERTIES, call)).toThrow(expect.objectContaining({ code: 'SYSTEMD_CALL' }));
  });
});

describe('readUnitProperties', () => {
  it('takes a number beyond 2^53 for infinity and leaves out what the unit lacks', () => {
    expect(readUnitProperties(UNIT, PROPERTIES, systemd().call)).toEqual([PROPERTIES[0]]);
  });
});
