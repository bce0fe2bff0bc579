import { describe, expect, it } from 'vitest';
import { restoringValues } from '../../../../src/linux/cgroup/restore.ts';

describe('restoringValues', () => {
  it.each([
    ['memory.max', 'max\n', '100', ['max']],
    ['cpu.max', '50000 100000\n', 'max 100000', ['50000 100000']],
    ['cpuset.cpus', '\n', '0', ['\n']],
    ['io.max', '', '8:0 rbps=1', ['8:0 rbps=max wbps=max riops=max wiops=max']],
    ['io.max', '8:16 rbps=5 wbps=max\n8:0 rbps=7 wbps=max\n', '8:0 rbps=1', ['8:0 rbps=7 wbps=max']],
    ['rdma.max', 'mlx4_0 hca_handle=max hca_object=5\n', 'mlx4_0 hca_object=1', ['mlx4_0 hca_handle=max hca_object=5']],
    ['io.weight', 'default 100\n8:0 200\n', '50', ['default 100']],
    ['io.weight', 'default 100\n', '8:0 50', ['8:0 default']],
    ['io.bfq.weight', '100\n', '50', ['100']],
    ['blkio.throttle.read_bps_device', '', '8:0 5', ['8:0 0']],
    ['blkio.bfq.weight_device', '8:0 5\n', '8:0 7', ['8:0 5']],
    ['memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\n', '1', ['0']],
    ['net_prio.ifpriomap', 'lo 0\neth0 3\n', 'eth0 5', ['eth0 3']],
  ])('brings %s back', (file, before, written, values) => {
    expect(restoringValues(file, before, written)).toEqual(values);
  });

  it('knows no way back for what could not be read', () => {
    expect(restoringValues('devices.allow', undefined, 'a')).toBeUndefined();
  });
});
