import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requires } from '../../requirement.ts';
import { bareBundle, configOf, script, type WrapperPlace, wrapperPlace } from './wrapper.ts';

// The kernel is asked to kill the program at each of its own steps in turn (kill -9), by strace's fault injection. Only the
// thread that does the work is traced.

const RECORDED = [{ recordHooks: false }, { recordHooks: true }];

interface Step {
  readonly name: string;
  /** The how many of its name. */
  readonly count: number;
}

function traced(place: WrapperPlace, bundle: string, options: readonly string[]): number | null {
  const command = [...options, '--', place.program, 'create', '--bundle', bundle, 'c1'];
  const { status, signal } = spawnSync('strace', ['-qq', ...command], { env: place.environment, stdio: 'ignore' });
  return signal === 'SIGKILL' ? null : status;
}

/** The system calls that a create makes from the first reading of the config to the start of the runtime. */
function stepsOf(place: WrapperPlace, bundle: string): Step[] {
  const output = join(place.work, 'trace');
  expect(traced(place, bundle, ['-o', output])).toBe(0);
  const counts = new Map<string, number>();
  const steps: Step[] = [];
  let isReached = false;
  for (const line of readFileSync(output, 'utf8').split('\n')) {
    const name = /^(\w+)\(/.exec(line)?.[1];
    if (name === undefined) continue;
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    isReached ||= line.includes('/config.json"');
    if (isReached) steps.push({ name, count });
    if (name === 'execve' && line.includes(join(place.work, 'real'))) break;
  }
  return steps;
}

/** What changes something, and the steps about it; the others only ask, or are our own runtime's. */
const CHANGING = /^(openat|write|fchown|fchmod|fsync|close|rename|symlink|mkdir|execve)$/;

requires('strace', () => {
  describe('create that is killed on its way', () => {
    it.each(RECORDED)('loses nothing and doubles nothing when it is made again: %j', (settings) => {
      const place = wrapperPlace(settings);
      const runtime = script(place, 'real', '');
      place.configure({ runtime, ...settings });
      place.define('10.json', { hook: { path: '/bin/true' }, stages: ['prestart', 'poststop'] });
      const bundle = bareBundle(place, 'bundle', { process: { args: ['sh'] }, hooks: { prestart: [{ path: '/x' }] } });
      const config = join(bundle, 'config.json');
      chmodSync(config, 0o640);
      const before = readFileSync(config, 'utf8');
      const steps = stepsOf(place, bundle).filter(({ name }) => CHANGING.test(name));
      const after = readFileSync(config, 'utf8');
      expect(steps.map(({ name }) => name)).toEqual(expect.arrayContaining(['write', 'fsync', 'rename', 'execve']));
      const left: string[] = [];
      for (const { name, count } of steps) {
        writeFileSync(config, before);
        const inject = ['-e', `inject=${name}:signal=KILL:when=${count}`, '-o', '/dev/null'];
        const status = traced(place, bundle, inject);
        const found = readFileSync(config, 'utf8');
        // Our own runtime does not make the same number of calls each time: some runs get past the last of a name.
        expect(status === null ? [before, after] : [after]).toContain(found);
        if (status === null) left.push(found);
        expect(place.run(['create', '--bundle', bundle, 'c1']).status).toBe(0);
        expect(readFileSync(config, 'utf8')).toBe(after);
        expect(statSync(config).mode & 0o777).toBe(0o640);
      }
      // Some were killed before the file was replaced, some after.
      expect(new Set(left)).toEqual(new Set([before, after]));
      expect(left.length).toBeGreaterThan(steps.length / 2);
      expect(configOf(bundle).hooks?.['prestart']).toHaveLength(2);
      // What a crash leaves beside the config is not taken for anything.
      const others = readdirSync(bundle).filter((entry) => entry !== 'config.json');
      expect(others.every((entry) => /^\.config\.json\..*\.tmp$/.test(entry))).toBe(true);
    });
  });
});
