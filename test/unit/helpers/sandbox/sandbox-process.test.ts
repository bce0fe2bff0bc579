import { describe, expect, it } from 'vitest';
import { sandboxProcesses } from '../../../../src/helpers/sandbox/sandbox-process.ts';

describe('sandboxProcesses', () => {
  it.each([
    ['the first process of the machine', 1],
    ['this very process', process.pid],
    ['the process above it', process.ppid],
  ])('never takes %s for a monitor, even when told that it is one', (_title, pid) => {
    const state = { ociVersion: '1.0.2', id: 'x', status: 'created', pid, bundle: '/x', annotations: {} };
    expect(() => sandboxProcesses(state, true)).toThrow(expect.objectContaining({ code: 'PROCESS_NEVER_VMM' }));
  });
});
