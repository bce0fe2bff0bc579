import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SystemError } from '../../src/core/diagnostic/system-error.ts';
import { hasStopped, parseState } from '../../src/core/oci/state.ts';
import { containerPid, namePid, type ProcessView } from '../../src/helpers/container-pid.ts';

// A folder a case: what a runtime hands to a hook, what /proc holds then, and what comes of it. `container` is what a helper
// that acts on one container gets, `sandbox` the same with --sandbox: a pid, or the code of the refusal.
const cases = new URL('./container-pid/', import.meta.url);

function orCode<T>(give: () => T): T | string {
  try {
    return give();
  } catch (error) {
    if (error instanceof SystemError) return error.code;
    throw error;
  }
}

describe('the pid of a state', () => {
  it.each(readdirSync(cases))('%s', (name) => {
    const read = (file: string): string => readFileSync(new URL(`${name}/${file}.json`, cases), 'utf8');
    const parsed = parseState(read('state'));
    if ('reason' in parsed) throw new Error(parsed.reason);
    const { state } = parsed;
    const processes: Readonly<Record<string, ProcessView>> = JSON.parse(read('proc'));
    const look = (pid: number): ProcessView | undefined => processes[pid];
    const { pid } = state;
    const named = pid === undefined ? undefined : orCode(() => namePid(pid, look));
    expect({
      stopped: hasStopped(state),
      kind: typeof named === 'object' ? named.kind : named,
      leader: typeof named === 'object' ? named.leader : undefined,
      container: orCode(() => containerPid(state, false, look)),
      sandbox: orCode(() => containerPid(state, true, look)),
    }).toEqual(JSON.parse(read('expected')));
  });
});
