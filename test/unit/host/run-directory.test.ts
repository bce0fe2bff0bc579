import { afterEach, describe, expect, it, vi } from 'vitest';
import { machineRoot } from '../../../src/host/machine-root.ts';
import { runDirectory } from '../../../src/host/run-directory.ts';

const MAP = '         0      61234          1\n         1     700000      65536\n';

function directory(user: number, root: number, runtime?: string): string {
  vi.spyOn(process, 'geteuid').mockReturnValue(user);
  vi.stubEnv('XDG_RUNTIME_DIR', runtime);
  return runDirectory({ machineRoot: () => root, uidMap: () => MAP });
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('runDirectory', () => {
  it.each([
    ["the machine's root, whatever the environment says", 0, 0, '/run/user/0', '/run/oci-hooks'],
    ['a user', 1000, 0, '/run/user/1000', '/run/user/1000/oci-hooks'],
    ['a user without XDG_RUNTIME_DIR', 1000, 0, undefined, '/run/user/1000/oci-hooks'],
    ['a user whose XDG_RUNTIME_DIR is no path', 1000, 0, 'run', '/run/user/1000/oci-hooks'],
    ['root of a user namespace', 0, 65_534, '/run/user/61234', '/run/user/61234/oci-hooks'],
    ['root of a user namespace without XDG_RUNTIME_DIR', 0, 65_534, undefined, '/run/user/61234/oci-hooks'],
  ])('is that of %s', (_whose, user, root, runtime, expected) => {
    expect(directory(user, root, runtime)).toBe(expected);
  });
});

describe('machineRoot', () => {
  it('is 0 outside of user namespaces', () => {
    expect(machineRoot()).toBe(0);
  });
});
