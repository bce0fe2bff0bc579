import { describe, expect, it } from 'vitest';
import { type CgroupsPathOptions, resolveCgroupsPath } from '../../../../src/linux/cgroup/cgroups-path.ts';

function resolve(options: Partial<CgroupsPathOptions>) {
  return resolveCgroupsPath({ cgroupsPath: '', id: 'c1', ...options });
}

describe('resolveCgroupsPath under cgroupfs', () => {
  it.each<[options: Partial<CgroupsPathOptions>, path: string]>([
    [{ cgroupsPath: '/a/b' }, '/a/b'],
    [{ cgroupsPath: '/a//./b/../c/' }, '/a/c'],
    [{ cgroupsPath: '' }, '/c1'],
    [{ cgroupsPath: 'a/b' }, '/a/b'],
    [{ cgroupsPath: 'a/b', ownCgroup: '/user.slice/session-1.scope' }, '/user.slice/a/b'],
    [{ cgroupsPath: 'a/b', ownCgroup: '/user.slice/session-1.scope', cgroup: 1 }, '/user.slice/session-1.scope/a/b'],
    [{ cgroupsPath: '', ownCgroup: '/system.slice/x.service' }, '/system.slice/c1'],
    [{ cgroupsPath: 'a/b', runtime: 'crun', ownCgroup: '/user.slice/x' }, '/a/b'],
    [{ cgroupsPath: '', runtime: 'crun', ownCgroup: '/user.slice/x' }, '/c1'],
    [{ cgroupsPath: 's.slice:p:n', driver: 'cgroupfs', runtime: 'crun' }, '/s.slice:p:n'],
    [{ cgroupsPath: '/kubepods/podx/base', runtime: 'kata' }, '/kubepods/podx/kata_base'],
    [{ cgroupsPath: 'sub/base', runtime: 'kata' }, '/vc/sub/kata_base'],
    [{ cgroupsPath: '', runtime: 'kata' }, '/kata_vc'],
    [{ cgroupsPath: 'a:b:c', runtime: 'kata' }, '/vc/kata_a:b:c'],
    [{ cgroupsPath: 'a.slice:p:x', runtime: 'kata', driver: 'cgroupfs' }, '/a.slice:p:x'],
    [{ cgroupsPath: '/:a:b' }, '/:a:b'],
  ])('puts %j at %s', (options, path) => {
    expect(resolve(options)).toEqual({ value: { path, slice: undefined, unit: undefined } });
  });
});

describe('resolveCgroupsPath under systemd', () => {
  const USER = '/user.slice/user-1000.slice/user@1000.service';

  it.each<[options: Partial<CgroupsPathOptions>, path: string, slice: string, unit: string]>([
    [{ cgroupsPath: 'a-b.slice:runc:x' }, '/a.slice/a-b.slice/runc-x.scope', 'a-b.slice', 'runc-x.scope'],
    [{ cgroupsPath: ':p:x' }, '/system.slice/p-x.scope', 'system.slice', 'p-x.scope'],
    [{ cgroupsPath: '', driver: 'systemd' }, '/system.slice/runc-c1.scope', 'system.slice', 'runc-c1.scope'],
    [{ cgroupsPath: 'a.slice:p:b.slice' }, '/a.slice/b.slice', 'a.slice', 'b.slice'],
    [{ cgroupsPath: 'a.slice::x' }, '/a.slice/-x.scope', 'a.slice', '-x.scope'],
    [{ cgroupsPath: 'a-b.slice:p:x', runtime: 'kata' }, '/a.slice/a-b.slice/p-x.scope', 'a-b.slice', 'p-x.scope'],
    [{ cgroupsPath: 'a.slice:p:b.slice', runtime: 'kata' }, '/a.slice/p-b.slice.scope', 'a.slice', 'p-b.slice.scope'],
    [{ cgroupsPath: '-.slice:p:x' }, '/p-x.scope', '-.slice', 'p-x.scope'],
    [{ cgroupsPath: ':p:x', rootlessUid: 1000 }, `${USER}/user.slice/p-x.scope`, 'user.slice', 'p-x.scope'],
    [{ cgroupsPath: 'm.slice:p:x', rootlessUid: 1000 }, `${USER}/m.slice/p-x.scope`, 'm.slice', 'p-x.scope'],
    [
      { cgroupsPath: 'a-b.slice:crio:x', runtime: 'crun' },
      '/a.slice/a-b.slice/crio-x.scope/container',
      'a-b.slice',
      'crio-x.scope',
    ],
    [
      { cgroupsPath: '', driver: 'systemd', runtime: 'crun' },
      '/system.slice/crun-c1.scope/container',
      'system.slice',
      'crun-c1.scope',
    ],
    [{ cgroupsPath: 'a.slice:p:x', runtime: 'crun', subgroup: '' }, '/a.slice/p-x.scope', 'a.slice', 'p-x.scope'],
    [{ cgroupsPath: 'a.slice:p:x', runtime: 'crun', subgroup: 's' }, '/a.slice/p-x.scope/s', 'a.slice', 'p-x.scope'],
    [{ cgroupsPath: 'a.slice:p:x', runtime: 'crun', cgroup: 1 }, '/a.slice/p-x.scope', 'a.slice', 'p-x.scope'],
    [
      { cgroupsPath: 'x', driver: 'systemd', runtime: 'crun' },
      '/system.slice/x.scope/container',
      'system.slice',
      'x.scope',
    ],
    [
      { cgroupsPath: 'a.slice:p:b.slice', runtime: 'crun' },
      '/a.slice/p-b.slice.scope/container',
      'a.slice',
      'p-b.slice.scope',
    ],
  ])('puts %j at %s', (options, path, slice, unit) => {
    expect(resolve(options)).toEqual({ value: { path, slice, unit } });
  });
});

describe('resolveCgroupsPath', () => {
  it.each<[Partial<CgroupsPathOptions>, string]>([
    [{ cgroupsPath: '../x' }, 'CGROUPS_PATH_CLIMBS'],
    [{ cgroupsPath: '', runtime: 'kata', driver: 'systemd' }, 'CGROUPS_PATH_PARTS'],
    [{ cgroupsPath: ':p:x', runtime: 'kata', driver: 'systemd' }, 'SLICE_NAME'],
    [{ cgroupsPath: '/a/../../x' }, 'CGROUPS_PATH_CLIMBS'],
    [{ cgroupsPath: '../x', ownCgroup: '/user.slice/session-1.scope' }, 'CGROUPS_PATH_CLIMBS'],
    [{ cgroupsPath: 'a.slice:p:x', runtime: 'crun', subgroup: '../../../../x' }, 'CGROUPS_PATH_CLIMBS'],
    [{ cgroupsPath: '/' }, 'CGROUPS_PATH_ROOT'],
    [{ cgroupsPath: '/a/..' }, 'CGROUPS_PATH_ROOT'],
    [{ cgroupsPath: '/a\nb' }, 'CGROUPS_PATH_CHARACTER'],
    [{ cgroupsPath: '/a/b', driver: 'systemd' }, 'CGROUPS_PATH_PARTS'],
    [{ cgroupsPath: 'a:b:c:d', driver: 'systemd' }, 'CGROUPS_PATH_PARTS'],
    [{ cgroupsPath: 'system:p:x' }, 'SLICE_NAME'],
    [{ cgroupsPath: 'a--b.slice:p:x' }, 'SLICE_NAME'],
    [{ cgroupsPath: 'a/b.slice:p:x' }, 'SLICE_NAME'],
    [{ cgroupsPath: 'a.slice:p:../x' }, 'UNIT_NAME'],
    [{ cgroupsPath: '/a', id: '../x' }, 'ID_INVALID'],
    [{ cgroupsPath: '/a', id: '..' }, 'ID_INVALID'],
  ])('refuses %j: %s', (options, code) => {
    expect(resolve(options)).toMatchObject({ problem: { code } });
  });
});
