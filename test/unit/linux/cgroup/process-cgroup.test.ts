import { describe, expect, it } from 'vitest';
import { detectHierarchy } from '../../../../src/linux/cgroup/hierarchy.ts';
import {
  directoryOf,
  locateProcess,
  mainDirectory,
  type ProcessLocation,
  parseProcessCgroups,
} from '../../../../src/linux/cgroup/process-cgroup.ts';

const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n';
const HYBRID = `31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`;

function locate(mountinfo: string, text: string): ProcessLocation {
  const hierarchy = detectHierarchy(mountinfo);
  if (hierarchy === undefined) throw new Error('no cgroup mount in the test data');
  return locateProcess(hierarchy, parseProcessCgroups(text));
}

describe('parseProcessCgroups', () => {
  it('splits at the first two colons only', () => {
    const cgroups = parseProcessCgroups('4:cpu,cpuacct:/a:b:c\n3:name=systemd:/s\n0::/system.slice:runc:id\n');
    expect(cgroups.unified).toBe('/system.slice:runc:id');
    expect([...cgroups.controllers]).toEqual([
      ['cpu', '/a:b:c'],
      ['cpuacct', '/a:b:c'],
      ['name=systemd', '/s'],
    ]);
  });

  it('passes over lines of another form', () => {
    expect(parseProcessCgroups('rubbish\n1::/no\n0::relative\n')).toEqual({
      unified: undefined,
      controllers: new Map(),
    });
  });
});

describe('locateProcess', () => {
  it('gives the v2 directory', () => {
    expect(directoryOf(locate(UNIFIED, '0::/kubepods/pod1/c1\n'), 'unified')).toMatchObject({
      version: 2,
      path: '/kubepods/pod1/c1',
      directory: '/sys/fs/cgroup/kubepods/pod1/c1',
    });
  });

  it('gives each v1 controller its own directory in hybrid mode, and the v2 one beside them', () => {
    const location = locate(HYBRID, '2:cpu,cpuacct:/x/c\n3:devices:/y/c\n1:name=systemd:/z\n0::/w\n');
    expect(location.mode).toBe('hybrid');
    expect(
      Object.fromEntries(location.directories.map(({ controller, directory }) => [controller, directory])),
    ).toEqual({
      unified: '/sys/fs/cgroup/unified/w',
      cpu: '/sys/fs/cgroup/cpu,cpuacct/x/c',
      cpuacct: '/sys/fs/cgroup/cpu,cpuacct/x/c',
      devices: '/sys/fs/cgroup/devices/y/c',
      'name=systemd': '/sys/fs/cgroup/systemd/z',
    });
  });

  it('strips the root of a bind mount from the path', () => {
    const location = locate('30 1 0:26 /pod /mnt/cg rw - cgroup2 cgroup2 rw\n', '0::/pod/c1\n');
    expect(directoryOf(location, 'unified')).toMatchObject({ path: '/c1', directory: '/mnt/cg/c1' });
    expect(directoryOf(locate('30 1 0:26 /pod /mnt/cg rw - cgroup2 c rw\n', '0::/pod\n'), 'unified')).toMatchObject({
      path: '/',
      directory: '/mnt/cg',
    });
  });

  it.each([
    ['0::/pod/c1 (deleted)\n', 'deleted'],
    ['0::/../../other\n', 'outside-namespace'],
  ])('does not guess at %j', (text, reason) => {
    const location = locate(UNIFIED, text);
    expect(location.directories).toEqual([]);
    expect(location.unlocated).toMatchObject([{ controller: 'unified', reason }]);
  });

  it('says which controller no mount shows', () => {
    expect(locate(HYBRID, '9:freezer:/x\n').unlocated).toEqual([
      { controller: 'freezer', path: '/x', reason: 'not-mounted' },
    ]);
  });

  it('says nothing of the v2 line where cgroup2 is not mounted', () => {
    const v1 = '33 31 0:30 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n';
    const location = locate(v1, '3:devices:/c\n0::/\n');
    expect(location.mode).toBe('v1');
    expect(location.unlocated).toEqual([]);
    expect(location.directories.map(({ controller }) => controller)).toEqual(['devices']);
  });
});

describe('mainDirectory', () => {
  it('is the v2 directory in unified mode', () => {
    expect(mainDirectory(locate(UNIFIED, '0::/a\n'))?.path).toBe('/a');
  });

  it('is the first v1 directory below the root in hybrid mode', () => {
    expect(mainDirectory(locate(HYBRID, '2:cpu,cpuacct:/\n3:devices:/c\n1:name=systemd:/\n0::/\n'))).toMatchObject({
      controller: 'devices',
      path: '/c',
    });
  });
});
