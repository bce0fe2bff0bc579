import { describe, expect, it } from 'vitest';
import { memoryQos, qosOfMemory, qosOomScoreAdj } from '../../../../src/linux/cgroup/kubernetes-qos.ts';

const MI = 2n ** 20n;
const WISH = { qos: 'Burstable', request: 100n * MI, limit: 200n * MI, allocatable: 1000n * MI } as const;
const KUBERNETES = { factorThousandths: 900n, protection: 'min', page: 4096n } as const;

describe('memoryQos', () => {
  it('protects the request and throttles at nine tenths of the way to the limit', () => {
    expect(memoryQos(WISH, KUBERNETES)).toEqual([
      ['memory.min', String(100n * MI)],
      ['memory.high', String(190n * MI)],
    ]);
  });

  it('rounds memory.high down to a page', () => {
    const [, high] = memoryQos({ ...WISH, limit: 200n * MI + 5000n }, KUBERNETES);
    expect(high).toEqual(['memory.high', String(190n * MI + 4096n)]);
  });

  it('counts what the node can give where there is no limit', () => {
    expect(memoryQos({ ...WISH, limit: undefined }, KUBERNETES)).toContainEqual(['memory.high', String(910n * MI)]);
    expect(memoryQos({ ...WISH, qos: 'BestEffort', request: 0n, limit: undefined }, KUBERNETES)).toEqual([
      ['memory.high', String(900n * MI)],
    ]);
  });

  it('never throttles Guaranteed, nor where the request is the limit, nor without a factor', () => {
    const guaranteed = { ...WISH, qos: 'Guaranteed', request: 200n * MI } as const;
    expect(memoryQos(guaranteed, KUBERNETES)).toEqual([['memory.min', String(200n * MI)]]);
    expect(memoryQos({ ...WISH, request: 200n * MI }, KUBERNETES)).toHaveLength(1);
    expect(memoryQos(WISH, { ...KUBERNETES, factorThousandths: undefined })).toHaveLength(1);
  });

  it('gives Burstable memory.low and Guaranteed memory.min when tiered', () => {
    const tiered = { ...KUBERNETES, factorThousandths: undefined, protection: 'tiered' } as const;
    expect(memoryQos(WISH, tiered)).toEqual([['memory.low', String(100n * MI)]]);
    expect(memoryQos({ ...WISH, qos: 'Guaranteed' }, tiered)).toEqual([['memory.min', String(100n * MI)]]);
    expect(memoryQos(WISH, { ...tiered, protection: 'none' })).toEqual([]);
  });
});

describe('qosOfMemory', () => {
  it.each([
    [undefined, undefined, 'BestEffort'],
    [undefined, 5n, 'Guaranteed'],
    [5n, 5n, 'Guaranteed'],
    [4n, 5n, 'Burstable'],
    [4n, undefined, 'Burstable'],
  ])('calls request %s with limit %s %s', (request, limit, qos) => {
    expect(qosOfMemory(request, limit)).toBe(qos);
  });
});

describe('qosOomScoreAdj', () => {
  it.each([
    ['Guaranteed', 0n, -997],
    ['BestEffort', 0n, 1000],
    ['Burstable', 0n, 999],
    ['Burstable', 250n, 750],
    ['Burstable', 1000n, 3],
    ['Burstable', 5000n, 3],
  ] as const)('gives %s asking for %s of 1000 bytes %s', (qos, request, score) => {
    expect(qosOomScoreAdj(qos, request, 1000n)).toBe(score);
  });
});
