import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../../../src/linux/bpf/default-rules.ts';
import type { DeviceList } from '../../../../src/linux/bpf/device-list.ts';
import type { DeviceRule } from '../../../../src/linux/bpf/device-rule.ts';
import { readRules } from '../../../../src/linux/bpf/dialect.ts';
import { disassemble } from '../../../../src/linux/bpf/disassemble.ts';
import { generateFromList } from '../../../../src/linux/bpf/generate.ts';
import { capabilityRules, gpuRules, mixedRules } from '../../../oracle/rule-sets.ts';
import { runtimeLayout } from '../../../oracle/runtime-layout.ts';

const lengthOf = (rules: readonly DeviceRule[]): number => generateFromList(listOf(rules), 'LE').length;

function listOf(rules: readonly DeviceRule[]): DeviceList {
  const result = readRules([...rules, ...DEFAULT_RULES.runc], 'runc');
  if ('refused' in result) throw new Error(result.refused);
  return result.list;
}

describe('generateFromList', () => {
  it.each([
    ['the default list', [], 28],
    ['8 GPUs', gpuRules(8), 38],
    ['16 GPUs and 32 capabilities', [...gpuRules(16), ...capabilityRules(32)], 43],
    ['50 mixed rules', mixedRules(50), 192],
    ['200 mixed rules', mixedRules(200), 650],
    ['1,000 mixed rules', mixedRules(1000), 2308],
  ])('keeps %s within its size', (_, rules, most) => {
    expect(lengthOf(rules)).toBeLessThanOrEqual(most);
  });

  it('needs two instructions to allow everything', () => {
    const all: DeviceRule = { allow: true, type: 'a', major: -1, minor: -1, access: 'rwm' };
    expect(lengthOf([all])).toBe(2);
  });

  it('tests entry by entry where wildcards would multiply', () => {
    const rules = Array.from({ length: 40 }, (_, n): DeviceRule[] => [
      { allow: true, type: 'c', major: 300 + n, minor: -1, access: 'r' },
      { allow: true, type: 'c', major: -1, minor: 300 + n, access: 'w' },
    ]).flat();
    const list = listOf(rules);
    expect(generateFromList(list, 'LE').length).toBeLessThan(runtimeLayout(list, 'runc').length);
  });
});

describe('the rebuilt runtime layout', () => {
  it.each([
    ['the default list', [], 64],
    ['8 GPUs', gpuRules(8), 160],
    ['16 GPUs and 32 capabilities', [...gpuRules(16), ...capabilityRules(32)], 480],
  ])('has the size that runc gives %s', (_, rules, size) => {
    expect(runtimeLayout(listOf(rules), 'runc')).toHaveLength(size);
  });
});

describe('disassemble', () => {
  it('writes a program as bpftool does, with absolute jump targets', () => {
    const rule: DeviceRule = { allow: true, type: 'c', major: 10, minor: 229, access: 'rw' };
    const result = readRules([rule], 'runc');
    expect('list' in result && disassemble(generateFromList(result.list, 'LE'))).toEqual([
      ' 0: r2 = *(u16 *)(r1 + 0)',
      ' 1: r3 = *(u16 *)(r1 + 2)',
      ' 2: r4 = *(u32 *)(r1 + 4)',
      ' 3: r5 = *(u32 *)(r1 + 8)',
      ' 4: if r3 & 1 goto 8',
      ' 5: if r2 != 2 goto 8',
      ' 6: if r4 != 10 goto 8',
      ' 7: if r5 == 229 goto 10',
      ' 8: w0 = 0',
      ' 9: exit',
      '10: w0 = 1',
      '11: exit',
    ]);
  });
});
