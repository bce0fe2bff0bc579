import { describe, expect, it } from 'vitest';
import { unitOfCgroup } from '../../../../src/linux/systemd/unit-of-cgroup.ts';

describe('unitOfCgroup', () => {
  it('finds the scope after the slices', () => {
    expect(unitOfCgroup('/a.slice/a-b.slice/runc-x.scope')).toEqual({
      slice: 'a-b.slice',
      unit: 'runc-x.scope',
      uid: undefined,
      path: '/a.slice/a-b.slice/runc-x.scope',
    });
  });

  it('gives the scope for what was delegated below it', () => {
    expect(unitOfCgroup('/system.slice/crun-x.scope/container/sub')).toMatchObject({
      unit: 'crun-x.scope',
      path: '/system.slice/crun-x.scope',
    });
  });

  it('goes on into the user manager', () => {
    const manager = '/user.slice/user-1000.slice/user@1000.service';
    expect(unitOfCgroup(`${manager}/user.slice/libpod-1.scope/container`)).toEqual({
      slice: 'user.slice',
      unit: 'libpod-1.scope',
      uid: 1000,
      path: `${manager}/user.slice/libpod-1.scope`,
    });
    expect(unitOfCgroup(`${manager}/foo`)).toMatchObject({ unit: 'user@1000.service', uid: undefined });
  });

  it('gives the last slice where there is nothing but slices', () => {
    expect(unitOfCgroup('/a.slice/a-b.slice')).toMatchObject({ slice: 'a.slice', unit: 'a-b.slice' });
    expect(unitOfCgroup('/a.slice')).toMatchObject({ slice: undefined, unit: 'a.slice' });
  });

  it.each(['/', '/kubepods/burstable/podx/c', '/kata_overhead/x', '/a.slice/handmade'])(
    'knows no unit for %s',
    (path) => {
      expect(unitOfCgroup(path)).toBeUndefined();
    },
  );
});
