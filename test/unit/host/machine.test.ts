import { describe, expect, it } from 'vitest';
import { cgroupMode } from '../../../src/host/machine.ts';

// Lines as /proc/self/mountinfo has them.
const V2 = '31 23 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate';
const V1 = '33 25 0:29 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory';
const BESIDE = '32 25 0:28 / /sys/fs/cgroup/unified rw shared:8 - cgroup2 cgroup2 rw';
const TMPFS = '25 22 0:24 / /sys/fs/cgroup ro shared:7 - tmpfs tmpfs ro,mode=755';
const ELSEWHERE = '90 22 0:28 / /mnt/cgroup rw shared:8 - cgroup2 cgroup2 rw';

describe('cgroupMode', () => {
  it.each([
    ['unified', [V2]],
    ['unified', [V2, ELSEWHERE]],
    ['hybrid', [TMPFS, BESIDE, V1]],
    ['hybrid', [TMPFS, V1, BESIDE]],
    ['legacy', [TMPFS, V1]],
    ['none', [TMPFS]],
    ['none', [ELSEWHERE]],
    ['none', []],
  ])('is %s for %j', (mode, lines) => {
    expect(cgroupMode(`${lines.join('\n')}\n`)).toBe(mode);
  });

  it('is not misled by a path that looks like a mount', () => {
    expect(cgroupMode('40 22 8:1 / /mnt/\\040-\\040cgroup2 rw - ext4 /dev/sda1 rw')).toBe('none');
  });
});
