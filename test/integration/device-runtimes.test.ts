import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requires, root } from '../requirement.ts';
import { cgroupV2, devices } from './device-box.ts';
import { maySetLimits, runContainer } from './runtime-container.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const helper = (...args: readonly string[]): string[] => [process.execPath, PROGRAM, 'helper', 'devices', ...args];

const DEFAULT_DEVICES = ['/dev/null', '/dev/zero', '/dev/urandom'];
const ALLOW_FUSE = helper('--allow', '/dev/fuse');

requires([root, cgroupV2, devices, 'runc', 'crun', 'busybox', 'unshare'], () => {
  // crun 1.8 raises RLIMIT_MEMLOCK before it loads a program; where that is forbidden it runs on v1 alone.
  const crunView = maySetLimits() ? 'v2' : 'host';

  describe.each([
    { runtime: 'runc', view: 'v2' },
    { runtime: 'runc', view: 'host' },
    { runtime: 'crun', view: crunView },
  ] as const)('hooks helper devices under $runtime, cgroups as $view', ({ runtime, view }) => {
    it('opens the device that it allows, and no other', () => {
      expect(runContainer({ runtime, view, hooks: [] })).toMatchObject({ status: 0, opened: DEFAULT_DEVICES });
      expect(runContainer({ runtime, view, hooks: [ALLOW_FUSE] })).toMatchObject({
        status: 0,
        stderr: '',
        opened: ['/dev/fuse', ...DEFAULT_DEVICES],
      });
    });

    it('adds up when two hooks follow each other', () => {
      const hooks = [ALLOW_FUSE, helper('--allow', '10:237', '--access', 'rw')];
      expect(runContainer({ runtime, view, hooks }).opened).toEqual([
        '/dev/fuse',
        '/dev/loop-control',
        ...DEFAULT_DEVICES,
      ]);
    });

    it('takes a device away', () => {
      const rules = [{ allow: true, type: 'c', major: 10, minor: 229, access: 'rwm' }];
      expect(runContainer({ runtime, view, hooks: [], rules }).opened).toContain('/dev/fuse');
      const { opened } = runContainer({ runtime, view, hooks: [helper('--deny', '/dev/fuse')], rules });
      expect(opened).toEqual(DEFAULT_DEVICES);
    });

    it('keeps the container from being created when a device is missing', () => {
      const { status, opened, stderr } = runContainer({ runtime, view, hooks: [helper('--allow', '/dev/no-such')] });
      expect(status).not.toBe(0);
      expect(opened).toEqual([]);
      // crun sends a hook's standard error to the file of the annotation run.oci.hooks.stderr, or nowhere.
      expect(stderr).toContain(runtime === 'runc' ? 'DEVICE_MISSING' : 'error executing hook');
    });
  });

  describe('an annotation', () => {
    let directory: string;

    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'hooks-policy-'));
    });

    afterEach(() => {
      rmSync(directory, { recursive: true });
    });

    function ask(annotations: Readonly<Record<string, string>>, policy: string) {
      const file = join(directory, 'policy.yaml');
      if (policy !== '') writeFileSync(file, policy);
      return runContainer({ runtime: 'runc', view: 'v2', hooks: [helper('--policy', file)], annotations });
    }

    it('gets what the policy grants', () => {
      const policy = 'version: 1\ndevices: { allow: ["/dev/fu*"] }\n';
      expect(ask({ 'io.oci-hooks.devices.allow': '/dev/fuse' }, policy).opened).toContain('/dev/fuse');
    });

    it.each([
      ['without a policy', '/dev/fuse', ''],
      ['for another device', '/dev/loop-control', 'version: 1\ndevices: { allow: ["/dev/fuse"] }\n'],
      ['for a glob that reaches further', '/dev/*', 'version: 1\ndevices: { allow: ["/dev/fuse"] }\n'],
      ['for numbers that the policy does not name', 'c:10:*', 'version: 1\ndevices: { allow: ["/dev/fuse"] }\n'],
      ['for a node outside of /dev', '/proc/self/root/dev/fuse', 'version: 1\ndevices: { allow: ["/dev/fuse"] }\n'],
    ])('is refused %s', (_, wish, policy) => {
      const { status, stderr } = ask({ 'io.oci-hooks.devices.allow': wish }, policy);
      expect(status).not.toBe(0);
      expect(stderr).toContain('POLICY_REFUSED');
    });

    it('is refused more access than the policy grants', () => {
      const annotations = { 'io.oci-hooks.devices.allow': '/dev/fuse', 'io.oci-hooks.devices.access': 'rwm' };
      const { stderr } = ask(annotations, 'version: 1\ndevices: { allow: ["/dev/fuse"] }\n');
      expect(stderr).toContain('POLICY_REFUSED');
    });
  });
});
