import { accessSync, constants } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Something a test needs from the machine. `missing` gives the reason it cannot be had, or undefined when it is there. */
export interface Requirement {
  readonly name: string;
  readonly missing: () => string | undefined;
}

/** Needs an executable of this name in PATH. */
export function program(name: string): Requirement {
  return {
    name,
    missing: () => (isInPath(name) ? undefined : `needs the program ${name} in PATH`),
  };
}

/** Needs to run as root. */
export const root: Requirement = {
  name: 'root',
  missing: () => (process.geteuid?.() === 0 ? undefined : 'needs to run as root'),
};

/** What becomes of a group of tests: it runs, is skipped, or fails because nothing may be skipped here. */
export function verdict(reasons: readonly string[], strict: boolean): 'run' | 'skip' | 'fail' {
  if (reasons.length === 0) return 'run';
  return strict ? 'fail' : 'skip';
}

/**
 * Runs a group of tests only where the machine has what they need; a text stands for a program in PATH.
 *
 * Elsewhere the group is skipped and the reason printed; with HOOKS_TEST_STRICT=1 (as in .ci/run) it fails instead,
 * so that nothing is skipped where everything was to be installed.
 *
 * @example requires(['podman', root], () => { it('…', () => {}); });
 */
export function requires(needs: string | readonly (string | Requirement)[], group: () => void): void {
  const list = typeof needs === 'string' ? [needs] : needs;
  const requirements = list.map((need) => (typeof need === 'string' ? program(need) : need));
  const title = `with ${requirements.map((requirement) => requirement.name).join(', ')}`;
  const reasons = requirements.map((requirement) => requirement.missing()).filter((reason) => reason !== undefined);
  switch (verdict(reasons, process.env['HOOKS_TEST_STRICT'] === '1')) {
    case 'run':
      describe(title, group);
      break;
    case 'fail':
      describe(title, () => {
        it('has what it needs (HOOKS_TEST_STRICT=1 turns a skip into a failure)', () => {
          expect(reasons).toEqual([]);
        });
      });
      break;
    case 'skip':
      // The summary names no reason, so it goes to stderr as well as into the title.
      process.stderr.write(`skipped: ${relative('.', expect.getState().testPath ?? '.')}: ${reasons.join('; ')}\n`);
      describe.skip(`${title} (skipped: ${reasons.join('; ')})`, group);
      break;
  }
}

function isInPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      // Not in this directory, or not executable there: the next one decides.
      return false;
    }
  });
}
