import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Containerd, startContainerd } from '../../containerd/containerd.ts';
import { containerdOf, SUITES, type Suite } from '../../containerd/suite.ts';
import { requires, root } from '../../requirement.ts';
import { hooksOf, named } from './hooks-of.ts';
import { type Plugin, type PluginPlace, pluginPlace, startPlugin } from './plugin.ts';

// What the runtime does with a plugin that does not answer is its own decision: it goes on without hooks. These tests show it,
// and that the plugin tells of it as soon as it can. A plugin that sleeps is one that is stopped by SIGSTOP.

interface Bed {
  readonly place: PluginPlace;
  readonly containerd: Containerd;
  readonly plugin: Plugin;
}

async function bed(suite: Suite): Promise<Bed> {
  const place = pluginPlace();
  place.define('10.json', named('hook'));
  const containerd = await startContainerd({ suite, nri: {} });
  onTestFinished(() => containerd.close());
  // Even the strict policy is no help here: the runtime does not ask it.
  return {
    place,
    containerd,
    plugin: await startPlugin(place, containerd.nri.socketPath, { args: ['--on-error', 'fail'] }),
  };
}

/** What is told of a container's missing hook, in the status and in the log. */
function missing(container: string, name: string): object {
  return { container, name, namespace: 'default', definition: '10.json', stage: 'createRuntime' };
}

describe.each(SUITES)('containerd of %s goes on without', (suite) => {
  requires([containerdOf(suite), 'runc', 'busybox', root], () => {
    it('a plugin that sleeps longer than it waits; awake again, the plugin comes back and names what ran without', async () => {
      const { containerd, plugin } = await bed(suite);
      const pod = await containerd.runPod();
      plugin.kill('SIGSTOP');
      const asked = performance.now();
      const first = await containerd.createContainer(pod, { name: 'first' });
      const waited = performance.now() - asked;
      await containerd.start(first);
      // The connection is closed by now: nobody waits for the sleeper any more.
      const second = await containerd.createContainer(pod, { name: 'second' });
      expect([await hooksOf(containerd, first), await hooksOf(containerd, second)]).toEqual([[], []]);
      expect(waited).toBeGreaterThan(1900);
      plugin.kill('SIGCONT');
      const { synchronized, connection, stalls } = await plugin.until(
        (status) => status.synchronized?.containers === 2,
      );
      expect(connection.connects).toBe(2);
      expect(synchronized?.missingCount).toBe(2);
      expect(synchronized?.missing).toEqual(
        expect.arrayContaining([
          expect.objectContaining(missing(first, 'first')),
          expect.objectContaining(missing(second, 'second')),
        ]),
      );
      expect(stalls.count).toBeGreaterThan(0);
      expect(stalls.longestMilliseconds).toBeGreaterThan(1500);
      const told = plugin.logged().filter(({ event }) => event === 'missing-hook');
      expect(told.map(({ container }) => container).sort()).toEqual([first, second].sort());
      expect(await hooksOf(containerd, await containerd.createContainer(pod, { name: 'third' }))).toEqual(['hook']);
    });

    it('a plugin that is killed in the middle of an answer; the next one names what runs without', async () => {
      const { place, containerd, plugin } = await bed(suite);
      const pod = await containerd.runPod();
      plugin.kill('SIGSTOP');
      const creation = containerd.createContainer(pod);
      // The runtime waits for the answer, or it would be done by now.
      expect(await Promise.race([creation, after(500, 'waits')])).toBe('waits');
      plugin.kill('SIGKILL');
      const app = await creation;
      await containerd.start(app);
      expect(await hooksOf(containerd, app)).toEqual([]);
      const next = await startPlugin(place, containerd.nri.socketPath);
      const { synchronized } = await next.until((status) => status.synchronized !== undefined);
      expect(synchronized?.missing).toMatchObject([missing(app, 'app')]);
      const told = next.logged().filter(({ event }) => event === 'missing-hook');
      expect(told).toMatchObject([{ level: 'warning', ...missing(app, 'app') }]);
    });

    it('a plugin that ended; what was made before with hooks is not named', async () => {
      const { place, containerd, plugin } = await bed(suite);
      const pod = await containerd.runPod();
      const before = await containerd.createContainer(pod, { name: 'before' });
      plugin.kill('SIGTERM');
      expect(await plugin.ended).toBe(0);
      const between = await containerd.createContainer(pod, { name: 'between' });
      expect([await hooksOf(containerd, before), await hooksOf(containerd, between)]).toEqual([['hook'], []]);
      const next = await startPlugin(place, containerd.nri.socketPath);
      const { synchronized } = await next.until((status) => status.synchronized !== undefined);
      expect(synchronized).toMatchObject({ containers: 2, missingCount: 1, missing: [missing(between, 'between')] });
    });

    // As after a forced reboot, or when the hooks were taken away: nothing of ours may keep a pod from ending or starting.
    it.each([
      ['the machine lost its power', (containerd: Containerd) => containerd.reboot()],
      ['the hooks were uninstalled', () => Promise.resolve()],
    ])('the plugin and the hooks, all gone since %s: pods end and new ones start', async (_what, happen) => {
      const { place, containerd, plugin } = await bed(suite);
      const program = join(place.work, 'program');
      writeFileSync(program, '#!/bin/sh\nexec cat > /dev/null\n', { mode: 0o755 });
      place.define('10.json', { hook: { path: program, args: ['hook'] }, stages: ['createRuntime', 'poststop'] });
      await plugin.until(({ catalog }) => catalog.generation >= 2);
      const pod = await containerd.runPod();
      const before = await containerd.createContainer(pod);
      await containerd.start(before);
      expect(await hooksOf(containerd, before)).toEqual(['hook']);
      plugin.kill('SIGKILL');
      await plugin.ended;
      rmSync(program);
      await happen(containerd);
      await containerd.stop(before);
      await containerd.remove(before);
      await containerd.removePod(pod);
      const next = await containerd.createContainer(await containerd.runPod());
      await containerd.start(next);
      expect(await containerd.status(next)).toMatchObject({ state: 'CONTAINER_RUNNING' });
      expect(await hooksOf(containerd, next)).toEqual([]);
    });
  });
});
