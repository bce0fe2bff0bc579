import { describe, expect, it } from 'vitest';
import { judgeOverhead, readPodOverhead, sumOfLimits } from '../../../../src/linux/cgroup/pod-overhead.ts';

const MI = 2n ** 20n;
const LIMITS = { cpuMilli: 500n, memory: 512n * MI };
const OVERHEAD = { cpuMilli: 250n, memory: 160n * MI };
const MACHINE = { guestMemory: 128n * MI, guestCpus: 1n, monitorMemory: 20n * MI, helpersMemory: 10n * MI };

describe('readPodOverhead', () => {
  const sizes = { cpuMilli: 250n, memory: 160n * MI };

  it.each([
    { kind: 'RuntimeClass', overhead: { podFixed: { cpu: '250m', memory: '160Mi' } } },
    { kind: 'Pod', spec: { overhead: { cpu: '250m', memory: '160Mi' } } },
    { podFixed: { cpu: '0.25', memory: '160Mi' } },
    { cpu: 0.25, memory: 167772160 },
  ])('finds the sizes in %j', (value) => {
    expect(readPodOverhead(value)).toEqual({ sizes });
  });

  it('names every quantity that is none', () => {
    expect(readPodOverhead({ cpu: '1 core', memory: ['1Mi'] })).toMatchObject({
      problems: [
        { code: 'FIELD_TEXT', field: 'cpu' },
        { code: 'FIELD_TEXT', field: 'memory' },
      ],
    });
  });

  it.each([undefined, null, 'x', [], {}, { overhead: { podFixed: {} } }])('finds none in %j', (value) => {
    expect(readPodOverhead(value)).toMatchObject({ problems: [{ code: 'FIELD_TYPE' }] });
  });
});

describe('sumOfLimits', () => {
  it('adds up, and a container without a limit leaves the pod without', () => {
    expect(sumOfLimits([LIMITS, LIMITS])).toEqual({ cpuMilli: 1000n, memory: 1024n * MI });
    expect(sumOfLimits([LIMITS, { cpuMilli: 1n, memory: undefined }])).toEqual({ cpuMilli: 501n, memory: undefined });
  });
});

describe('judgeOverhead', () => {
  it("gives the pod's cgroup the limits of its containers and the overhead", () => {
    const { pod } = judgeOverhead(LIMITS, OVERHEAD, MACHINE, 2);
    expect(pod).toEqual({ cpuMilli: 750n, memory: 672n * MI, cpuQuotaUs: 75_000n, cpuPeriodUs: 100_000n });
  });

  it('chooses one cgroup when the guest, the monitor and its helpers go into the limit', () => {
    const verdict = judgeOverhead(LIMITS, OVERHEAD, MACHINE, 2);
    expect(verdict.cgroupOnly).toBe(true);
    expect(verdict.settings[0].memory).toEqual({ demand: 670n * MI, limit: 672n * MI, outside: 0n });
  });

  it('chooses two when only the helpers are too much', () => {
    const verdict = judgeOverhead(LIMITS, OVERHEAD, { ...MACHINE, helpersMemory: 13n * MI }, 2);
    expect(verdict.settings.map(({ fits }) => fits)).toEqual([false, true]);
    expect(verdict.cgroupOnly).toBe(false);
    expect(verdict.settings[1].memory).toMatchObject({ demand: 660n * MI, outside: 13n * MI });
  });

  it('chooses neither on v2 when the guest alone is too much; on v1 its memory is charged to the overhead', () => {
    const machine = { ...MACHINE, guestMemory: 2048n * MI };
    expect(judgeOverhead(LIMITS, OVERHEAD, machine, 2).cgroupOnly).toBeUndefined();
    const v1 = judgeOverhead(LIMITS, OVERHEAD, machine, 1);
    expect(v1.cgroupOnly).toBe(false);
    expect(v1.settings[1].memory).toMatchObject({ demand: 0n, outside: 2590n * MI });
  });

  it('chooses two when the overhead has no processor time for the monitor', () => {
    const verdict = judgeOverhead(LIMITS, { cpuMilli: undefined, memory: 160n * MI }, MACHINE, 2);
    expect(verdict.settings.map(({ fits }) => fits)).toEqual([false, true]);
  });

  it('fits whatever there is where nothing is limited', () => {
    const verdict = judgeOverhead({ cpuMilli: undefined, memory: undefined }, OVERHEAD, MACHINE, 2);
    expect(verdict.cgroupOnly).toBe(true);
    expect(verdict.pod).toMatchObject({ cpuQuotaUs: undefined, memory: undefined });
  });

  it("keeps a kubelet's least quota", () => {
    const verdict = judgeOverhead({ cpuMilli: 1n, memory: 1n }, { cpuMilli: 0n, memory: 0n }, MACHINE, 2);
    expect(verdict.pod.cpuQuotaUs).toBe(1000n);
  });
});
