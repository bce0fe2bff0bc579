import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  grantedMemoryQos,
  grantedOom,
  grantedProperties,
  grantedUnified,
} from '../../../src/helpers/annotation-wish.ts';

const POLICY = `version: 1
unified: { memory.high: 1000, cpu.max: any }
memory-qos: { request: 500 }
oom: { group: true, score: 0 }
systemd-props: [ManagedOOMMemoryPressure]
`;

describe('wishes of annotations', () => {
  let directory: string;
  let policy: string;
  let none: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-policy-'));
    policy = join(directory, 'policy.yaml');
    none = join(directory, 'none.yaml');
    writeFileSync(policy, POLICY);
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const state = (annotations: Record<string, string>) => ({
    id: 'c',
    status: 'created',
    pid: 1,
    bundle: '/b',
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`io.oci-hooks.${key}`, value])),
  });

  it('are granted up to what the policy says', async () => {
    const asked = state({
      'unified.memory.high': '1000',
      'unified.cpu.max': '1 2',
      'memory-qos.request': '500',
      'oom.group': '1',
      'oom.score': '0',
      'systemd-props.ManagedOOMMemoryPressure': "'kill'",
    });
    expect(await grantedUnified(asked, policy)).toEqual({ 'memory.high': '1000', 'cpu.max': '1 2' });
    expect(await grantedMemoryQos(asked, policy)).toEqual({ request: 500n });
    expect(await grantedOom(asked, policy)).toEqual({ group: '1', score: 0 });
    expect(await grantedProperties(asked, policy)).toMatchObject([
      { name: 'ManagedOOMMemoryPressure', words: ['kill'] },
    ]);
  });

  it.each([
    ['unified.memory.high', '1001', grantedUnified],
    ['unified.memory.high', 'max', grantedUnified],
    ['unified.memory.max', '1', grantedUnified],
    ['unified.cgroup.procs', '1', grantedUnified],
    ['memory-qos.request', '501', grantedMemoryQos],
    ['memory-qos.factor', '0.5', grantedMemoryQos],
    ['oom.score', '-1', grantedOom],
    ['systemd-props.ExecStart', "'x'", grantedProperties],
  ] as const)('are refused beyond it: %s %s', async (key, value, granted) => {
    const refused = expect.objectContaining({ diagnostics: [expect.objectContaining({ code: 'POLICY_REFUSED' })] });
    await expect(granted(state({ [key]: value }), policy)).rejects.toThrow(refused);
  });

  it('are all refused without a policy, with the line to add', async () => {
    const asked = state({ 'unified.memory.high': '7', 'oom.group': '1' });
    const line = (text: string) =>
      expect.objectContaining({
        diagnostics: [expect.objectContaining({ path: none, args: expect.objectContaining({ line: text }) })],
      });
    await expect(grantedUnified(asked, none)).rejects.toThrow(line('unified: { memory.high: 7 }'));
    await expect(grantedOom(asked, none)).rejects.toThrow(line('oom: { group: true }'));
  });

  it.each([
    ['unified.../x.max', '1', grantedUnified, 'UNIFIED_KEY'],
    ['unified.gpu.max', '1', grantedUnified, 'UNIFIED_CONTROLLER'],
    ['memory-qos.request', '1G', grantedMemoryQos, 'FIELD_TEXT'],
    ['memory-qos.limit', '1', grantedMemoryQos, 'ANNOTATION_UNKNOWN'],
    ['oom.group', 'yes', grantedOom, 'FIELD_TEXT'],
    ['oom.score', '1001', grantedOom, 'FIELD_TEXT'],
    ['systemd-props.A-B', 'true', grantedProperties, 'FIELD_TEXT'],
  ] as const)('make sense or are refused: %s %s', async (key, value, granted, code) => {
    const problems = expect.objectContaining({ problems: [expect.objectContaining({ code })] });
    await expect(granted(state({ [key]: value }), policy)).rejects.toThrow(problems);
  });

  it("are none where no annotation is the helper's", async () => {
    expect(await grantedUnified(state({ 'unifiedx.memory.high': '1' }), none)).toEqual({});
  });
});
