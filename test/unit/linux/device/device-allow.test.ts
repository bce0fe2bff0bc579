import { describe, expect, it } from 'vitest';
import type { DeviceGrant } from '../../../../src/linux/bpf/device-grant.ts';
import type { CallSystemd } from '../../../../src/linux/systemd/busctl.ts';
import { allowUnitDevices, deviceAllowOf } from '../../../../src/linux/systemd/device-allow.ts';

describe('deviceAllowOf', () => {
  it.each<[string, DeviceGrant, readonly [string, string] | undefined]>([
    ['a node', { type: 'c', major: 10, minor: 229, access: 6 }, ['/dev/char/10:229', 'rw']],
    ['a block node', { type: 'b', major: 7, minor: 0, access: 7 }, ['/dev/block/7:0', 'rwm']],
    ['a whole major', { type: 'c', major: 136, minor: -1, access: 2 }, ['char-136', 'r']],
    ['everything of a kind', { type: 'b', major: -1, minor: -1, access: 7 }, ['block-*', 'rwm']],
    ['one minor of any major', { type: 'c', major: -1, minor: 3, access: 7 }, undefined],
  ])('names %s as systemd does', (_, grant, expected) => {
    expect(deviceAllowOf(grant)).toEqual(expected);
  });
});

describe('allowUnitDevices', () => {
  const unit = { unit: 'web.scope', bus: { uid: undefined }, object: '/org/x', version: 252 };

  it('extends DeviceAllow until the next boot', () => {
    const calls: (readonly string[])[] = [];
    const call: CallSystemd = (_bus, _target, _signature, args) => {
      calls.push(args);
      return { data: [] };
    };
    allowUnitDevices({ unit, allow: [['/dev/char/10:229', 'rw']] }, call);
    expect(calls).toEqual([['web.scope', 'true', '1', 'DeviceAllow', 'a(ss)', '1', '/dev/char/10:229', 'rw']]);
  });

  it('never sends an empty list, which would clear what is there', () => {
    const call: CallSystemd = () => ({ reason: 'must not be called' });
    expect(() => allowUnitDevices({ unit, allow: [] }, call)).not.toThrow();
  });

  it('tells of a refusal', () => {
    const call: CallSystemd = () => ({ reason: 'no' });
    expect(() => allowUnitDevices({ unit, allow: [['/dev/char/1:3', 'r']] }, call)).toThrow(
      expect.objectContaining({ code: 'SYSTEMD_CALL' }),
    );
  });
});
