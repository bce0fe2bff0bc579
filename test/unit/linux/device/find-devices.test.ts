import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDeviceQuery } from '../../../../src/linux/device/device-query.ts';
import { parseProcDevices, parseProcMisc } from '../../../../src/linux/device/driver-numbers.ts';
import { findDevices } from '../../../../src/linux/device/find-devices.ts';

function find(text: string) {
  const query = parseDeviceQuery(text);
  if ('reason' in query) throw new Error(query.reason);
  return findDevices(query);
}

describe('parseDeviceQuery', () => {
  it.each([
    ['/dev/fuse', { kind: 'path', path: '/dev/fuse' }],
    ['/dev/nvidia*', { kind: 'glob', pattern: '/dev/nvidia*' }],
    ['10:229', { kind: 'numbers', type: 'c', major: 10, minor: 229 }],
    ['b 7:*', { kind: 'numbers', type: 'b', major: 7, minor: -1 }],
    ['c:*:3', { kind: 'numbers', type: 'c', major: -1, minor: 3 }],
    ['class:fuse', { kind: 'class', name: 'fuse', type: undefined }],
    ['block-loop', { kind: 'class', name: 'loop', type: 'b' }],
  ])('reads %s', (text, query) => {
    expect(parseDeviceQuery(text)).toEqual(query);
  });

  it.each(['fuse', '', '../dev/fuse', '/dev/../etc/passwd', '4096:0', '1:1048576', '1', 'd 1:1', '-1:3'])(
    'refuses "%s"',
    (text) => {
      expect(parseDeviceQuery(text)).toHaveProperty('reason');
    },
  );

  it('takes the largest numbers that the kernel has', () => {
    expect(parseDeviceQuery('b 4095:1048575')).toMatchObject({ major: 4095, minor: 1048575 });
  });
});

describe('findDevices', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-devices-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('takes the numbers from the node, through links', () => {
    symlinkSync('/dev/null', join(directory, 'link'));
    expect(find(join(directory, 'link')).devices).toEqual([{ type: 'c', major: 1, minor: 3, name: '/dev/null' }]);
  });

  it('refuses a path without a node, and one that is no device', () => {
    writeFileSync(join(directory, 'file'), '');
    expect(() => find(join(directory, 'missing'))).toThrow(expect.objectContaining({ code: 'DEVICE_MISSING' }));
    expect(() => find(join(directory, 'file'))).toThrow(expect.objectContaining({ code: 'DEVICE_MISSING' }));
  });

  it('gives each device once that a glob fits, and nothing that is no device', () => {
    mkdirSync(join(directory, 'gpu-caps'));
    writeFileSync(join(directory, 'gpu-file'), '');
    symlinkSync('/dev/null', join(directory, 'gpu0'));
    symlinkSync('/dev/null', join(directory, 'gpu1'));
    symlinkSync('/dev/zero', join(directory, 'gpu2'));
    symlinkSync('/dev/full', join(directory, 'other'));
    symlinkSync('/nowhere', join(directory, 'gpu3'));
    expect(find(join(directory, 'gpu*')).devices.map(({ name }) => name)).toEqual(['/dev/null', '/dev/zero']);
  });

  it('says so when a glob fits nothing', () => {
    expect(find(join(directory, 'gpu*'))).toMatchObject({ devices: [], missing: [expect.stringContaining('gpu*')] });
  });

  it('knows no braces and no extglobs', () => {
    symlinkSync('/dev/null', join(directory, 'a'));
    expect(find(join(directory, '{a,b}*')).devices).toEqual([]);
    expect(find(join(directory, '+(a)*')).devices).toEqual([]);
  });

  it('finds a driver by its name', () => {
    expect(find('class:mem').devices).toContainEqual({ type: 'c', major: 1, minor: -1, name: '/dev/char/1:*' });
    expect(() => find('class:no-such-driver')).toThrow(expect.objectContaining({ code: 'DEVICE_UNKNOWN' }));
  });
});

describe('/proc', () => {
  it('lists drivers of both sections of /proc/devices', () => {
    const text = 'Character devices:\n  4 /dev/vc/0\n  4 tty\n136 pts\n\nBlock devices:\n  7 loop\n259 blkext\n';
    expect(parseProcDevices(text)).toEqual([
      { name: '/dev/vc/0', type: 'c', major: 4, minor: -1 },
      { name: 'tty', type: 'c', major: 4, minor: -1 },
      { name: 'pts', type: 'c', major: 136, minor: -1 },
      { name: 'loop', type: 'b', major: 7, minor: -1 },
      { name: 'blkext', type: 'b', major: 259, minor: -1 },
    ]);
  });

  it('lists misc devices by their minor', () => {
    expect(parseProcMisc('229 fuse\n 10 x\n')).toEqual([
      { name: 'fuse', type: 'c', major: 10, minor: 229 },
      { name: 'x', type: 'c', major: 10, minor: 10 },
    ]);
  });
});
