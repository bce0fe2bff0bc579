import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXECUTABLE } from '../../build-executable.ts';
import { startContainerd } from '../../containerd/containerd.ts';
import { containerdOf, SUITES } from '../../containerd/suite.ts';
import { requires, root } from '../../requirement.ts';
import { hooksOf } from './hooks-of.ts';
import { pluginPlace, untilStatus } from './plugin.ts';

// The plugin is a container of the very runtime that it serves, and sees the host's programs only beneath /host. What a
// manifest grants is daemonset.test.ts.

function readOnly(source: string, destination: string): { host_path: string; container_path: string; readonly: true } {
  return { host_path: source, container_path: destination, readonly: true };
}

/** What the executable links to; an image would have it. */
const LIBRARIES = ['/lib', '/lib64'].map((path) => readOnly(path, path));

describe.each(SUITES)('containerd of %s', (suite) => {
  requires([containerdOf(suite), 'runc', 'busybox', root], () => {
    it('is served by a plugin that runs in one of its pods, also after a restart; that pod stays exempt', async () => {
      const place = pluginPlace();
      const program = join(place.work, 'only-on-the-host');
      writeFileSync(program, `#!/bin/sh\nexec cat > ${place.work}/state\n`, { mode: 0o755 });
      place.define('10.json', { hook: { path: program, args: ['only-on-the-host'] } });
      const statusDirectory = join(place.work, 'status');
      mkdirSync(statusDirectory);
      const statusSocket = join(statusDirectory, 'nri.sock');
      const containerd = await startContainerd({ suite, nri: {} });
      onTestFinished(() => containerd.close());

      const system = await containerd.runPod({ namespace: 'hooks-system' });
      const own = ['--hooks-dir', '/hooks.d', '--socket-path', '/run/nri/nri.sock', '--status', '/status/nri.sock'];
      const plugin = await containerd.createContainer(system, {
        name: 'hooks',
        command: ['/opt/hooks/hooks', 'nri', '--host-root', '/host', ...own],
        config: {
          envs: [{ key: 'POD_NAMESPACE', value: 'hooks-system' }],
          mounts: [
            ...LIBRARIES,
            readOnly('/', '/host'),
            readOnly(dirname(EXECUTABLE), '/opt/hooks'),
            readOnly(place.hooksDir, '/hooks.d'),
            { host_path: dirname(containerd.nri.socketPath), container_path: '/run/nri' },
            { host_path: statusDirectory, container_path: '/status' },
          ],
        },
      });
      await containerd.start(plugin);
      await untilStatus(statusSocket, ({ connection }) => connection.step === 'ready');

      const app = await containerd.createContainer(await containerd.runPod());
      await containerd.start(app);
      expect(await hooksOf(containerd, app)).toEqual(['only-on-the-host']);
      expect(JSON.parse(readFileSync(join(place.work, 'state'), 'utf8')).id).toBe(app);

      // Its own namespace is exempt: a mistake must not keep the next version of the plugin from starting.
      place.define('20.json', { hook: { path: '/nonexistent/program' } });
      await untilStatus(statusSocket, ({ catalog }) => catalog.definitions + catalog.inactive === 2);
      await expect(containerd.createContainer(await containerd.runPod())).rejects.toThrow('HOOK_PROGRAM_MISSING');
      await containerd.createContainer(system, { name: 'next' });

      await containerd.restart();
      await untilStatus(statusSocket, ({ connection }) => connection.step === 'ready' && connection.connects === 2);
      await containerd.stop(plugin);
      expect(await containerd.status(plugin)).toMatchObject({ state: 'CONTAINER_EXITED', exit_code: 0 });
      expect(existsSync(statusSocket)).toBe(false);
    });
  });
});
