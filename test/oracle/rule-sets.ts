import type { DeviceRule } from '../../src/linux/bpf/device-rule.ts';

const ACCESS = ['r', 'w', 'rw', 'rwm', 'm', 'rm', 'wm'] as const;

/** Gives the rules for a machine with `count` NVIDIA GPUs: the GPUs, nvidiactl, nvidia-modeset and the two uvm nodes. */
export function gpuRules(count: number): DeviceRule[] {
  const minors = [...Array.from({ length: count }, (_, minor) => minor), 254, 255];
  return [...minors.map((minor) => rule('c', 195, minor, 'rw')), rule('c', 507, 0, 'rw'), rule('c', 507, 1, 'rw')];
}

/** Gives the rules for `count` nodes below /dev/nvidia-caps. */
export function capabilityRules(count: number): DeviceRule[] {
  return Array.from({ length: count }, (_, index) => rule('c', 508, index + 1, 'rw'));
}

/** Gives `count` rules of both types over many majors, minors and accesses; the same ones each time. */
export function mixedRules(count: number): DeviceRule[] {
  let state = 1;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 12) % limit;
  };
  return Array.from({ length: count }, () => {
    const access = ACCESS[below(ACCESS.length)] ?? 'rwm';
    return rule(below(2) === 0 ? 'b' : 'c', below(512), below(1024), access);
  });
}

function rule(type: 'b' | 'c', major: number, minor: number, access: string): DeviceRule {
  return { allow: true, type, major, minor, access };
}
