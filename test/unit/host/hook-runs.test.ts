import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { listRecordedContainers, makeRoomForRuns } from '../../../src/host/hook-runs.ts';
import { temporaryDirectory } from './temporary-directory.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

it('lists containers with records, beside the status socket of the NRI plugin and other files', () => {
  const directory = temporaryDirectory();
  vi.spyOn(process, 'geteuid').mockReturnValue(1000);
  vi.stubEnv('XDG_RUNTIME_DIR', directory);
  mkdirSync(join(directory, 'oci-hooks/4f2c/hooks'), { recursive: true });
  mkdirSync(join(directory, 'oci-hooks/none'));
  writeFileSync(join(directory, 'oci-hooks/nri.sock'), '');
  expect(listRecordedContainers()).toEqual(['4f2c']);
  expect(() => makeRoomForRuns()).not.toThrow();
});
