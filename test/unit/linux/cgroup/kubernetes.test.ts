import { describe, expect, it } from 'vitest';
import { podCgroupsPath, qosOfPath } from '../../../../src/linux/cgroup/kubernetes.ts';

const UID = '1d2c-4e5f';

describe('podCgroupsPath', () => {
  it.each([
    ['cgroupfs', 'Guaranteed', undefined, `/kubepods/pod${UID}`],
    ['cgroupfs', 'Burstable', 'c', `/kubepods/burstable/pod${UID}/c`],
    ['cgroupfs', 'BestEffort', 'c', `/kubepods/besteffort/pod${UID}/c`],
    ['systemd', 'Guaranteed', 'c', 'kubepods-pod1d2c_4e5f.slice:cri-containerd:c'],
    ['systemd', 'Burstable', 'c', 'kubepods-burstable-pod1d2c_4e5f.slice:cri-containerd:c'],
    ['systemd', 'BestEffort', undefined, 'kubepods-besteffort-pod1d2c_4e5f.slice'],
  ] as const)('names a pod under %s, %s, container %s', (driver, qos, containerId, path) => {
    expect(podCgroupsPath({ driver, qos, podUid: UID, containerId })).toBe(path);
  });

  it("uses CRI-O's prefix", () => {
    expect(
      podCgroupsPath({ driver: 'systemd', qos: 'Guaranteed', podUid: 'u', containerId: 'c', engine: 'crio' }),
    ).toBe('kubepods-podu.slice:crio:c');
  });
});

describe('qosOfPath', () => {
  it.each([
    ['/kubepods/burstable/podx/c', 'Burstable'],
    ['/kubepods/besteffort/podx/c', 'BestEffort'],
    ['/kubepods/podx/c', 'Guaranteed'],
    ['/custom/kubepods/podx/c', 'Guaranteed'],
    ['kubepods-burstable-podx_y.slice:cri-containerd:c', 'Burstable'],
    ['custom-kubepods-besteffort-podx_y.slice:crio:c', 'BestEffort'],
    ['/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice/crio-c.scope', 'Burstable'],
    ['/kubepods.slice/kubepods-podx.slice/cri-containerd-c.scope/container', 'Guaranteed'],
    ['/kubepods/burstable', 'Burstable'],
    ['/kubepods', undefined],
    ['/system.slice/runc-x.scope', undefined],
    ['', undefined],
  ])('reads %j as %s', (path, qos) => {
    expect(qosOfPath(path)).toBe(qos);
  });
});
