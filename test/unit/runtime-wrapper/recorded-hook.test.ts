import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { existingEntries, identityOf } from '../../../src/core/injection/identity.ts';
import type { Hook } from '../../../src/core/oci/hook.ts';
import { isRecordable, originalHooks, recordedHook } from '../../../src/runtime-wrapper/recorded-hook.ts';

const EXECUTABLE = { path: '/usr/bin/hooks', args: ['hooks'] };
const UNDER_NODE = { path: '/usr/bin/node', args: ['node', '/usr/lib/hooks/main.js'] };

const hook: fc.Arbitrary<Hook> = fc.record(
  {
    path: fc.string({ minLength: 1 }).map((name) => `/${name}`),
    args: fc.array(fc.oneof(fc.string(), fc.constantFrom('--', '--id', '--argv0', '--timeout', 'exec-hook'))),
    env: fc.array(fc.string()),
    timeout: fc.oneof(fc.integer(), fc.constantFrom(2n ** 63n - 1n, 0)),
  },
  { requiredKeys: ['path'] },
);

function planned(one: Hook, stage: 'createRuntime' | 'startContainer' = 'createRuntime') {
  return { stage, hook: one, definition: '10.json' };
}

describe('originalHooks', () => {
  it.each([EXECUTABLE, UNDER_NODE])(
    'knows a hook again that runs recorded, whatever its arguments: $path',
    (program) => {
      // Law: what is recorded counts as what it was before, under whichever id.
      fc.assert(
        fc.property(hook, fc.constantFrom('c1', '--', '--name'), (one, id) => {
          const { createRuntime = [] } = originalHooks(
            { createRuntime: [recordedHook(planned(one), id, program)] },
            program,
          );
          // An args of the path alone, or of nothing, starts the same program as none.
          const same = one.args?.length === 0 || (one.args?.length === 1 && one.args[0] === one.path);
          const { args: _args, ...bare } = one;
          expect(existingEntries(createRuntime ?? [])).toContain(identityOf(same ? bare : one));
        }),
      );
    },
  );

  it('leaves entries alone that are not its own', () => {
    const others = {
      createRuntime: [
        { path: '/bin/true', args: ['hooks', 'exec-hook', '--id', 'c1', '--', '/bin/false'] },
        { path: EXECUTABLE.path, args: ['hooks', 'helper', 'devices'] },
        { path: EXECUTABLE.path, args: ['hooks', 'exec-hook', '--id', 'c1'] },
        { path: EXECUTABLE.path, args: ['hooks', 'exec-hook', 'x', '--', '/bin/false'] },
        { path: EXECUTABLE.path },
        null,
        'text',
      ],
      prestart: null,
      other: 'kept',
    };
    expect(originalHooks(others, EXECUTABLE)).toEqual(others);
  });
});

describe('isRecordable', () => {
  it.each([
    ['createRuntime', 'c1', true],
    ['startContainer', 'c1', false],
    ['createRuntime', '../c1', false],
  ] as const)('judges %s of %s', (stage, id, expected) => {
    expect(isRecordable(planned({ path: '/bin/true' }, stage), id)).toBe(expected);
  });
});
