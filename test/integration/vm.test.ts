import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Requirement, requires, root } from '../requirement.ts';

// The suites of test/vm run in a machine with systemd as PID 1: once with unified cgroups for all suites, and once each in
// hybrid and in legacy mode. A suite prints "ok - CLAIM" or "not ok - CLAIM" and what its shell did.
const VM = fileURLToPath(new URL('../vm/', import.meta.url));
const CACHE = process.env['HOOKS_VM_CACHE'] ?? join(VM, '.cache');

const cloudKernel: Requirement = {
  name: 'the cloud kernel',
  missing: () =>
    existsSync('/lib/modules') && readdirSync('/lib/modules').some((name) => name.endsWith('-cloud-amd64'))
      ? undefined
      : 'needs a kernel of linux-image-cloud-amd64 in /boot and /lib/modules',
};

function testbed(...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(join(VM, 'testbed.sh'), args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`testbed.sh ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`);
  return stdout;
}

/** When a file of the cache was made, or 0: an image is made anew when its script is newer. */
function madeAt(file: string): number {
  return statSync(join(CACHE, file), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function claimsOf(suite: string): string[] {
  const text = readFileSync(join(VM, `${suite}.sh`), 'utf8');
  return [...text.matchAll(/^ {2}claim (?:'([^']+)'|"([^"]+)") \w+$/gm)].map((match) => match[1] ?? match[2] ?? '');
}

/** What a suite printed for each claim: nothing when it held, else what its shell did. */
function outcomes(output: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of output.split(/^(?=(?:not )?ok - )/m)) {
    const match = /^(not ok|ok) - (.*)\n([\s\S]*)$/.exec(part);
    if (match !== null) found.set(match[2] ?? '', match[1] === 'ok' ? '' : (match[3] ?? ''));
  }
  return found;
}

requires([root, 'go', 'qemu-system-x86_64', 'debootstrap', 'mkfs.ext4', 'cpio', cloudKernel], () => {
  let temporary: string;
  beforeAll(() => {
    temporary = mkdtempSync(join(tmpdir(), 'hooks-vm-'));
    if (madeAt('root.img') < statSync(join(VM, 'testbed.sh')).mtimeMs) testbed('build');
    if (!existsSync(join(CACHE, 'snapshot.state'))) testbed('snapshot');
  }, 300_000);
  afterAll(() => {
    rmSync(temporary, { recursive: true });
  });

  describe.each([
    { mode: 'unified', suites: ['unified', 'helpers', 'devices', 'wrapper', 'nri-unit'] },
    { mode: 'unified', suites: ['compat', 'compat-v2', 'sandbox'] },
    { mode: 'hybrid', suites: ['v1', 'compat', 'sandbox-v1'] },
    { mode: 'legacy', suites: ['v1'] },
  ])('in $mode mode, $suites', hold);

  requires('runsc', () => {
    describe.each([{ mode: 'unified', suites: ['gvisor'] }])('in $mode mode, $suites', hold);
  });

  function hold({ mode, suites }: { readonly mode: string; readonly suites: readonly string[] }): void {
    let results: ReadonlyMap<string, string>;
    beforeAll(() => {
      const payload = join(temporary, `${suites.join('-')}.tar`);
      const packed = spawnSync(join(VM, 'payload.sh'), [payload, ...suites], { encoding: 'utf8' });
      expect(packed).toMatchObject({ status: 0 });
      results = outcomes(mode === 'unified' ? testbed('run', payload) : testbed('boot', mode, payload));
    }, 500_000);

    it.each(suites.flatMap(claimsOf))('%s', (claim) => {
      expect(results.get(claim)).toBe('');
    });
  }
});
