import { mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findRuntime, noteRuntime } from '../../../src/runtime-wrapper/runtime-program.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('noteRuntime', () => {
  let directory: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    // A user's own place, so that no root is needed.
    vi.spyOn(process, 'geteuid').mockReturnValue(1234);
    vi.stubEnv('XDG_RUNTIME_DIR', directory);
  });

  it('notes the last runtime under each name, and leaves nothing beside', () => {
    noteRuntime('hooks-runtime', '/bin/true');
    noteRuntime('hooks-runtime', '/bin/false');
    noteRuntime('hooks-runtime-../a b', '/bin/true');
    const notes = join(directory, 'oci-hooks/@runtime');
    expect(readdirSync(notes).sort()).toEqual(['hooks-runtime', 'hooks-runtime-.._a_b']);
    expect(readlinkSync(join(notes, 'hooks-runtime'))).toBe('/bin/false');
  });

  it('is not stopped by what one left that was killed on its way', () => {
    const note = join(directory, 'oci-hooks/@runtime/hooks-runtime');
    mkdirSync(join(note, '..'), { recursive: true });
    symlinkSync('/bin/old', `${note}.${process.pid}`);
    noteRuntime('hooks-runtime', '/bin/true');
    expect(readlinkSync(note)).toBe('/bin/true');
  });

  it('does without a note where none can be written', () => {
    vi.stubEnv('XDG_RUNTIME_DIR', '/dev/null');
    expect(() => noteRuntime('hooks-runtime', '/bin/true')).not.toThrow();
  });
});

describe('findRuntime', () => {
  it('gives the first that is there, and looks for names where programs are', () => {
    expect(findRuntime(['/no/such', 'no-such', 'sh', '/bin/true'], '/etc/x')).toMatch(/^\/(usr\/)?bin\/sh$/);
  });

  it('passes over directories and files that may not be executed', () => {
    expect(findRuntime(['/etc', '/etc/passwd', '/bin/true'], '/etc/x')).toBe('/bin/true');
  });

  it('names what was looked for and the settings when there is none', () => {
    expect(() => findRuntime(['/no/such', 'no-such'], '/etc/x')).toThrow(/\/no\/such, no-such;.*\/etc\/x/);
  });
});
