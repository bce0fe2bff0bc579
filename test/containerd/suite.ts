import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Requirement } from '../requirement.ts';

/** The Debian suites whose containerd is tried: trixie has 1.7, sid the newest 2. */
export const SUITES = ['trixie', 'sid'] as const;
export type Suite = (typeof SUITES)[number];

const HERE = fileURLToPath(new URL('./', import.meta.url));

/** The directory with a suite's containerd, its shim and ctr. */
export function programsOf(suite: Suite): string {
  return join(process.env['HOOKS_CONTAINERD_CACHE'] ?? join(HERE, '.cache'), suite, 'usr/bin');
}

/** Needs the containerd of a suite beside the machine's own; it is fetched where it is not there yet. */
export function containerdOf(suite: Suite): Requirement {
  return {
    name: `containerd of ${suite}`,
    missing: () => {
      const { status, stdout, stderr, error } = spawnSync(join(HERE, 'fetch.sh'), [suite], { encoding: 'utf8' });
      if (status === 0) return undefined;
      const why = error?.message ?? `${stdout}${stderr}`.trimEnd().split('\n').slice(-3).join('; ');
      return `needs containerd of Debian ${suite}, and test/containerd/fetch.sh ${suite} did not get it: ${why}`;
    },
  };
}
