import { describe, expect, it } from 'vitest';
import { listAllows } from '../../../../src/linux/bpf/device-list.ts';
import { parseAccess } from '../../../../src/linux/bpf/device-request.ts';
import type { DeviceRule, RuleType } from '../../../../src/linux/bpf/device-rule.ts';
import { type Dialect, readRules } from '../../../../src/linux/bpf/dialect.ts';

const DENY_ALL = rule(false, 'a', -1, -1);
const ALLOW_ALL = rule(true, 'a', -1, -1);

function rule(allow: boolean, type: RuleType, major: number, minor: number, access = 'rwm'): DeviceRule {
  return { allow, type, major, minor, access };
}

function allows(dialect: Dialect, rules: readonly DeviceRule[], minor: number, access: string, major = 1): boolean {
  const result = readRules(rules, dialect);
  if ('refused' in result) throw new Error(result.refused);
  return listAllows(result.list, { type: 'c', major, minor, access: parseAccess(access) });
}

describe('the two dialects', () => {
  it('differ on a hole in a wildcard: runc refuses it, crun makes it', () => {
    const rules = [DENY_ALL, rule(true, 'c', 1, -1), rule(false, 'c', 1, 3)];
    expect(readRules(rules, 'runc')).toHaveProperty('index', 2);
    expect(allows('crun', rules, 3, 'r')).toBe(false);
    expect(allows('crun', rules, 4, 'r')).toBe(true);
  });

  it('differ on a wide denial after a narrow permit', () => {
    const rules = [DENY_ALL, rule(true, 'c', 1, 3), rule(false, 'c', 1, -1)];
    expect(allows('runc', rules, 3, 'r')).toBe(true);
    expect(allows('crun', rules, 3, 'r')).toBe(false);
  });

  it('differ on a wide permit after a narrow denial', () => {
    const rules = [ALLOW_ALL, rule(false, 'c', 1, 3), rule(true, 'c', 1, -1)];
    expect(allows('runc', rules, 3, 'r')).toBe(false);
    expect(allows('crun', rules, 3, 'r')).toBe(true);
  });

  it('differ on accesses that only add up', () => {
    const rules = [DENY_ALL, rule(true, 'c', 10, 229, 'r'), rule(true, 'c', 10, 229, 'w')];
    expect(allows('runc', rules, 229, 'rw', 10)).toBe(true);
    expect(allows('crun', rules, 229, 'rw', 10)).toBe(false);
  });

  it('differ on numbers in a rule of type a', () => {
    const rules = [DENY_ALL, rule(true, 'a', 1, 3)];
    expect(allows('runc', rules, 9, 'rwm', 77)).toBe(true);
    expect(allows('crun', rules, 9, 'rwm', 77)).toBe(false);
    expect(allows('crun', rules, 3, 'rwm')).toBe(true);
  });

  it('differ on a partial permit after a denial: runc leaks rw', () => {
    const rules = [ALLOW_ALL, rule(false, 'c', 1, 3), rule(true, 'c', 1, 3, 'r')];
    expect(['r', 'w', 'm', 'rw'].map((access) => allows('runc', rules, 3, access))).toEqual([true, false, false, true]);
    expect(['r', 'w', 'm', 'rw'].map((access) => allows('crun', rules, 3, access))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it('share the leak of a partial denial', () => {
    const rules = [ALLOW_ALL, rule(false, 'c', 10, 229, 'w')];
    for (const dialect of ['runc', 'crun'] as const) {
      expect(['w', 'rw'].map((access) => allows(dialect, rules, 229, access, 10))).toEqual([false, true]);
    }
  });

  it('differ on an empty access', () => {
    const rules = [DENY_ALL, rule(true, 'c', 1, 3, '')];
    expect(readRules(rules, 'runc')).toHaveProperty('index', 1);
    expect(allows('crun', rules, 3, 'r')).toBe(false);
    expect(allows('crun', rules, 3, '')).toBe(true);
  });

  it('differ on numbers of 32 bits and more', () => {
    expect(allows('crun', [rule(true, 'c', 0xffff_ffff, 3)], 3, 'r', 200)).toBe(true);
    expect(allows('runc', [rule(true, 'c', 0xffff_ffff, 3)], 3, 'r', 200)).toBe(false);
    expect(readRules([rule(true, 'c', 0x1_0000_0000, 3)], 'runc')).toHaveProperty('index', 0);
  });

  it('let a request without bits through wherever a rule names the device', () => {
    expect(allows('runc', [rule(true, 'c', -1, -1, 'm')], 229, '', 10)).toBe(true);
    expect(allows('runc', [DENY_ALL], 229, '', 10)).toBe(false);
  });
});
