import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { SynchronizeRequestSchema } from '../../../src/generated/nri-messages.ts';
import { createGathering } from '../../../src/nri/synchronize.ts';

describe('the gathering of running containers', () => {
  const entry = { stage: 'poststop', definition: 'a.json', hook: { path: '/a' } } as const;

  it('knows the pod of a container that came in an earlier part, or in a later one', async () => {
    const gathering = createGathering();
    const container = { id: 'c', podSandboxId: 'p', name: 'web', state: 3 };
    gathering.add(create(SynchronizeRequestSchema, { containers: [container], more: true }));
    gathering.add(create(SynchronizeRequestSchema, { pods: [{ id: 'p', name: 'web-0', namespace: 'default' }] }));
    const { missing, missingCount, containers } = await gathering.compare(() => [entry]);
    expect({ missing, missingCount, containers }).toEqual({
      containers: 1,
      missingCount: 1,
      missing: [
        {
          container: 'c',
          name: 'web',
          pod: 'web-0',
          namespace: 'default',
          definition: 'a.json',
          stage: 'poststop',
          path: '/a',
        },
      ],
    });
    expect((await gathering.compare(() => [entry])).containers).toBe(0);
  });

  it('passes over containers that have ended', async () => {
    const gathering = createGathering();
    gathering.add(create(SynchronizeRequestSchema, { containers: [{ id: 'c', state: 4 }] }));
    expect((await gathering.compare(() => [entry])).containers).toBe(0);
  });

  it('says when there are too many, and keeps no more than a thousand differences', async () => {
    const gathering = createGathering();
    const containers = Array.from({ length: 20_001 }, (_, index) => ({ id: `c${index}`, state: 3 }));
    gathering.add(create(SynchronizeRequestSchema, { containers }));
    const { isComplete, missing, missingCount } = await gathering.compare(() => [entry]);
    expect({ isComplete, kept: missing.length, missingCount }).toEqual({
      isComplete: false,
      kept: 1000,
      missingCount: 20_000,
    });
  });
});
