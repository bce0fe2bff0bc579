import { describe, expect, it } from 'vitest';
import { PatternError } from '../../../../src/core/when/pattern.ts';
import { compileVcpuSelector } from '../../../../src/helpers/sandbox/vcpu-threads.ts';

const named = async (name: string, patterns: readonly string[] = []): Promise<boolean> =>
  (await compileVcpuSelector({ patterns, tids: [] }))({ tid: 7, name });

describe('compileVcpuSelector', () => {
  it.each(['CPU 0/KVM', 'CPU 15/TCG', 'CPU 0/MSHV', 'ALL CPUs/TCG', 'vcpu0', 'vcpu127', 'fc_vcpu 3'])(
    'knows %s',
    async (name) => {
      expect(await named(name)).toBe(true);
    },
  );

  it.each([
    'qemu-system-x86',
    'IO iothread0',
    'CPU/KVM',
    'xCPU 0/KVM',
    'CPU 0/KVM\n',
    'vcpu',
    'vcpu0_x',
    'vnc_worker',
    '',
  ])('does not take %j for one', async (name) => {
    expect(await named(name)).toBe(false);
  });

  it('takes any of the patterns given, and then no known name by itself', async () => {
    expect(await named('cpu-3', ['^cpu-[0-9]+$', '^x'])).toBe(true);
    expect(await named('vcpu0', ['^cpu-[0-9]+$'])).toBe(false);
    expect(await named('my cpu', ['cpu'])).toBe(true);
  });

  it('goes by numbers alone where they are given', async () => {
    const isVcpu = await compileVcpuSelector({ patterns: [], tids: [7] });
    expect(isVcpu({ tid: 7, name: 'anything' })).toBe(true);
    expect(isVcpu({ tid: 8, name: 'vcpu0' })).toBe(false);
  });

  it.each(['(', 'a(?=b)', 'x'.repeat(4097)])('refuses %.8s', async (pattern) => {
    await expect(named('x', [pattern])).rejects.toThrow(PatternError);
  });
});
