import { spawnSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXECUTABLE } from '../../build-executable.ts';
import { startContainerd } from '../../containerd/containerd.ts';
import { containerdOf, SUITES } from '../../containerd/suite.ts';
import { requires, root } from '../../requirement.ts';
import { hooksOf, named } from './hooks-of.ts';
import { NODE_PROGRAM, pluginPlace } from './plugin.ts';

// A plugin in the runtime's plugin directory is started by the runtime: without arguments, with three variables in its
// environment, a connected socket as descriptor 3, and with settings that the runtime reads for it.

const WAYS: readonly (readonly [string, (path: string) => void])[] = [
  ['the executable', (path) => symlinkSync(EXECUTABLE, path)],
  ['Node', (path) => writeFileSync(path, `#!/bin/sh\nexec ${NODE_PROGRAM.join(' ')} nri\n`, { mode: 0o755 })],
];

describe.each(SUITES)('containerd of %s', (suite) => {
  requires([containerdOf(suite), 'runc', 'busybox', root], () => {
    it.each(WAYS)('starts the plugin that lies in its directory: %s', async (_what, put) => {
      const place = pluginPlace();
      place.define('10.json', named('hook'));
      const containerd = await startContainerd({
        suite,
        nri: {
          install: ({ pluginsDirectory, configDirectory }) => {
            put(join(pluginsDirectory, '10-hooks'));
            writeFileSync(join(configDirectory, 'hooks.conf'), `hooksDirs: [${place.hooksDir}]\nonError: fail\n`);
          },
        },
      });
      onTestFinished(() => containerd.close());
      const pod = await containerd.runPod();
      expect(await hooksOf(containerd, await containerd.createContainer(pod))).toEqual(['hook']);
      await containerd.restart();
      expect(await hooksOf(containerd, await containerd.createContainer(pod, { name: 'after' }))).toEqual(['hook']);
    });

    it('creates nothing while the settings that it hands over have an error', async () => {
      const containerd = await startContainerd({
        suite,
        nri: {
          install: ({ pluginsDirectory, configDirectory }) => {
            symlinkSync(EXECUTABLE, join(pluginsDirectory, '10-hooks'));
            writeFileSync(join(configDirectory, '10-hooks.conf'), 'hooksDir: [/nowhere]\n');
          },
        },
      });
      onTestFinished(() => containerd.close());
      const pod = await containerd.runPod();
      await expect(containerd.createContainer(pod)).rejects.toThrow(/hooks: the container is not created: .*hooksDir/);
    });

    // containerd 1.7 does not start at all when a plugin of its directory ends before it has registered.
    it.each([
      ['that cannot be read', '{{{', 'YAML_SYNTAX'],
      ['with a key that is none', 'hooksDir: [/x]', 'SETTING_VALUE'],
      ['with a host root that is none', 'hostRoot: /etc/passwd', 'SETTING_VALUE'],
      ['with metrics for everybody', 'metrics: 0.0.0.0:9464', 'SETTING_VALUE'],
      ['with a hooks directory that is none', 'hooksDirs: [/etc/passwd]', 'DIRECTORY_UNREADABLE'],
    ])('comes up with a plugin that has settings %s, and creates nothing', async (_what, text, code) => {
      const place = pluginPlace();
      place.write('../nri.yaml', text);
      const containerd = await startContainerd({
        suite,
        nri: {
          install: ({ pluginsDirectory }) => {
            const stub = `#!/bin/sh\nexec ${EXECUTABLE} nri --config ${place.work}/nri.yaml\n`;
            writeFileSync(join(pluginsDirectory, '10-hooks'), stub, { mode: 0o755 });
          },
        },
      });
      onTestFinished(() => containerd.close());
      await expect(containerd.createContainer(await containerd.runPod())).rejects.toThrow(code);
    });
  });
});

requires([containerdOf('trixie'), containerdOf('sid'), 'runc', 'busybox', 'strace', root], () => {
  // containerd looks into its plugin directory once, when it starts, and does not start at all when it finds a program there
  // that has no plugin's name. A machine that lost its power in the middle of an installation must come up.
  it.each(SUITES)('containerd of %s starts after an installation of the plugin that was cut off', async (suite) => {
    const place = pluginPlace();
    const containerd = await startContainerd({ suite, nri: {} });
    onTestFinished(() => containerd.close());
    const program = join(containerd.nri.pluginsDirectory, '10-hooks');
    const command = [EXECUTABLE, 'install', '--program', program, place.hooksDir];
    // Until the one by which the program gets its name.
    for (let nth = 1; !existsSync(program); nth++) {
      const inject = `inject=rename:signal=KILL:when=${nth}`;
      const killed = spawnSync('strace', ['-f', '-qq', '-o', '/dev/null', '-e', inject, ...command]);
      expect(killed.signal).toBe('SIGKILL');
      await containerd.restart();
    }
    expect(spawnSync(EXECUTABLE, command.slice(1)).status).toBe(0);
    await containerd.restart();
  });
});
