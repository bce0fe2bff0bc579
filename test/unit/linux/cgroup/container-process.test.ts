import { describe, expect, it } from 'vitest';
import { assertSameProcess, identifyProcess, processFiles } from '../../../../src/linux/cgroup/container-process.ts';

describe('a process told from a later one with its number', () => {
  it('is the same as long as it runs', () => {
    const self = identifyProcess(process.pid);
    expect(self.startTime).toMatch(/^\d+$/);
    expect(() => assertSameProcess(self)).not.toThrow();
    expect(processFiles(self).read('comm')).toBeTruthy();
  });

  it('is another one when it started at another time, and its files are left alone', () => {
    const earlier = { pid: process.pid, startTime: '1' };
    expect(() => assertSameProcess(earlier)).toThrow(expect.objectContaining({ code: 'PROCESS_REUSED' }));
    expect(() => processFiles(earlier).write('oom_score_adj', '0')).toThrow(
      expect.objectContaining({ code: 'PROCESS_REUSED' }),
    );
  });

  it('is gone when nothing has its number', () => {
    expect(() => identifyProcess(4194305)).toThrow(expect.objectContaining({ code: 'PROCESS_GONE' }));
  });
});
