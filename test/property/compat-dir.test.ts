import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SystemError } from '../../src/core/diagnostic/system-error.ts';
import { makeCompatDirectory } from '../../src/helpers/compat-dir.ts';

/** Paths as an engine writes them, and as nobody should: with dots, colons, dashes, controls and names of any text. */
const part = fc.oneof(
  fc.constantFrom('a', 'b', '..', '.', '', 'a-b.slice', '-.slice', 'x.scope', 'cgroup.procs', ' ', 'ä', '\n', '~'),
  fc.string({ maxLength: 8 }),
);
const cgroupsPath = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '/', '//'), fc.array(part, { maxLength: 6 }))
    .map(([start, parts]) => start + parts.join('/')),
  fc.tuple(part, part, part).map((parts) => parts.join(':')),
);

describe('compat-dir', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-compat-'));
    for (const name of ['cgroup', 'bundle', 'cgroup/a']) mkdirSync(join(directory, name));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });
  const all = (): string[] => readdirSync(directory, { recursive: true }).map(String).toSorted();

  // Law: whatever the path, nothing is made outside of the cgroup filesystem, and after poststop all is as it was before.
  it('leaves everything as it was, for any path', async () => {
    await fc.assert(
      fc.asyncProperty(cgroupsPath, fc.integer({ min: 1, max: 2 }), async (path, starts) => {
        const config = {
          annotations: { 'io.kubernetes.cri.container-type': 'container' },
          linux: { cgroupsPath: path, resources: {} },
        };
        writeFileSync(join(directory, 'bundle/config.json'), JSON.stringify(config));
        const before = all();
        const state = {
          id: 'c',
          status: 'creating',
          pid: undefined,
          bundle: join(directory, 'bundle'),
          annotations: {},
        };
        const run = (status: string) =>
          makeCompatDirectory(
            { ...state, status },
            { cgroupRoot: join(directory, 'cgroup') },
            { records: join(directory, 'bundle/records'), patience: { everyMs: 1, forMs: 2 } },
          ).catch((error: unknown) => {
            // The system may refuse a name; nothing was made then.
            if (!(error instanceof SystemError)) throw error;
          });
        for (let start = 0; start < starts; start++) await run('creating');
        const outside = all().filter((name) => !name.startsWith('cgroup/') && !name.startsWith('bundle/records'));
        expect(outside).toEqual(before.filter((name) => !name.startsWith('cgroup/')));
        await run('stopped');
        const records = join(directory, 'bundle/records');
        expect(existsSync(records) ? readdirSync(records) : []).toEqual([]);
        rmSync(records, { force: true, recursive: true });
        expect(all()).toEqual(before);
      }),
    );
  });
});
