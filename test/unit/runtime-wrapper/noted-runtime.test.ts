import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { notedRuntime, runtimeLink } from '../../../src/runtime-wrapper/noted-runtime.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

// As an ordinary user, whose notes lie below $XDG_RUNTIME_DIR; the files belong to whoever runs the test.
describe('notedRuntime', () => {
  const owner = process.geteuid?.() ?? 0;
  let work: string;

  beforeEach(() => {
    work = temporaryDirectory();
    mkdirSync(join(work, 'oci-hooks/@runtime'), { recursive: true });
    vi.stubEnv('XDG_RUNTIME_DIR', work);
    vi.spyOn(process, 'geteuid')
      .mockReturnValueOnce(owner + 1)
      .mockReturnValueOnce(owner);
  });

  const note = (target: string): void => symlinkSync(target, join(work, 'oci-hooks/@runtime/hooks-runtime'));

  it('gives the program that a link of ours leads to', () => {
    note('/bin/sh');
    expect(notedRuntime('hooks-runtime')).toBe('/bin/sh');
  });

  it.each([
    ['ourselves', () => process.execPath],
    ['a directory', () => '/usr'],
    ['nothing', () => '/no/such/runtime'],
    ['a relative path', () => '../../bin/sh'],
    [
      'what may not be executed',
      () => {
        writeFileSync(join(work, 'file'), '');
        chmodSync(join(work, 'file'), 0o644);
        return join(work, 'file');
      },
    ],
  ])('passes over a link to %s', (_title, target) => {
    note(target());
    expect(notedRuntime('hooks-runtime')).toBeUndefined();
  });

  it('passes over what is no link, or is not there', () => {
    expect(notedRuntime('hooks-runtime')).toBeUndefined();
  });

  it('passes over a link of somebody else', () => {
    vi.mocked(process.geteuid ?? (() => 0))
      .mockReset()
      .mockReturnValue(owner + 1);
    note('/bin/sh');
    expect(notedRuntime('hooks-runtime')).toBeUndefined();
  });
});

it('a name of the program is a name in the directory, whatever it holds', () => {
  expect(runtimeLink('hooks-runtime-a/../b')).toMatch(/@runtime\/hooks-runtime-a_\.\._b$/);
});
