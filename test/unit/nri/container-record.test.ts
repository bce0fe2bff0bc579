import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { PodSandboxSchema } from '../../../src/generated/nri-messages.ts';
import { decisionRecord } from '../../../src/nri/container-record.ts';

describe('a line of the log', () => {
  it('cuts what is long', () => {
    const pod = create(PodSandboxSchema, { name: 'n'.repeat(1000) });
    const doubt = {
      code: 'FILE_UNREADABLE',
      severity: 'error',
      path: 'p'.repeat(5000),
      args: { reason: 'r' },
    } as const;
    const record = decisionRecord({
      outcome: 'refused',
      entries: [],
      doubts: Array.from({ length: 100 }, () => doubt),
    });
    expect(JSON.stringify(record).length).toBeLessThan(100_000);
    expect(pod.name.length).toBe(1000);
  });
});
