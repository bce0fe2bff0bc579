import { basename } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Containerd, startContainerd } from '../../containerd/containerd.ts';
import { defineStateKeeping, seenByAll } from '../../containerd/state-keeping.ts';
import { containerdOf, SUITES, type Suite } from '../../containerd/suite.ts';
import { requires, root } from '../../requirement.ts';
import { hooksOf, named, namesIn } from './hooks-of.ts';
import { NODE_PROGRAM, pluginPlace, startPlugin } from './plugin.ts';

// The plugin beside a real containerd that is driven through the CRI. What a created container got is in the config that
// containerd keeps of it; whether hooks run is told by the states that they are given.

async function daemon(suite: Suite): Promise<Containerd> {
  const containerd = await startContainerd({ suite, nri: {} });
  onTestFinished(() => containerd.close());
  return containerd;
}

const BAD = '{"version": "1.0.0", "hook": {"path": "/bin/true"}, "when": {"always": true}, "stages": ["preStart"]}';

describe.each(SUITES)('the plugin with containerd of %s', (suite) => {
  requires([containerdOf(suite), 'runc', 'busybox', root], () => {
    it('gives a container the hooks of every stage, and they run; the pause container gets none', async () => {
      const place = pluginPlace();
      const states = defineStateKeeping(place);
      const started = { path: '/bin/sh', args: ['sh', '-c', 'cat > /tmp/started'] };
      place.define('20.json', { hook: started, stages: ['startContainer'] });
      const containerd = await daemon(suite);
      const plugin = await startPlugin(place, containerd.nri.socketPath);
      const pod = await containerd.runPod();
      const app = await containerd.createContainer(pod);
      await containerd.start(app);
      expect(JSON.parse((await containerd.exec(app, 'cat', '/tmp/started')).stdout).id).toBe(app);
      await containerd.stop(app);
      await containerd.remove(app);
      await containerd.removePod(pod);
      expect(states()).toEqual(seenByAll(app));
      expect(plugin.status()).toMatchObject({
        ready: true,
        runtime: { name: 'containerd' },
        containers: { injected: 1 },
      });
    });

    it('decides on the annotations of the pod and of the container, unfiltered', async () => {
      const place = pluginPlace();
      const when = { annotations: { '^pod\\.example/gpu$': '^yes$' } };
      place.define('10.json', { ...named('gpu'), when });
      const containerd = await daemon(suite);
      await startPlugin(place, containerd.nri.socketPath);
      const yes = { 'pod.example/gpu': 'yes' };
      const no = { 'pod.example/gpu': 'no' };
      const [annotated, bare] = [await containerd.runPod({ annotations: yes }), await containerd.runPod()];
      expect(await hooksOf(containerd, await containerd.createContainer(annotated))).toEqual(['gpu']);
      expect(
        await hooksOf(containerd, await containerd.createContainer(annotated, { name: 'no', annotations: no })),
      ).toEqual([]);
      expect(await hooksOf(containerd, await containerd.createContainer(bare))).toEqual([]);
      expect(
        await hooksOf(containerd, await containerd.createContainer(bare, { name: 'yes', annotations: yes })),
      ).toEqual(['gpu']);
    });

    it('adds hooks whose answer is far longer than a frame', async () => {
      const place = pluginPlace();
      const long = 'x'.repeat(2000);
      for (let number = 10; number < 60; number += 1) {
        place.define(`${number}.json`, { hook: { path: '/bin/true', args: [String(number), long, long] } });
      }
      const containerd = await daemon(suite);
      await startPlugin(place, containerd.nri.socketPath);
      const app = await containerd.createContainer(await containerd.runPod());
      await containerd.start(app);
      expect(namesIn(containerd.configOf(app))).toEqual(Array.from({ length: 50 }, (_, at) => String(at + 10)));
    });

    it('takes a changed directory for the next container, and keeps the last good one when a file is bad', async () => {
      const place = pluginPlace();
      place.define('10.json', named('first'));
      const containerd = await daemon(suite);
      const plugin = await startPlugin(place, containerd.nri.socketPath);
      const pod = await containerd.runPod();
      const next = async (name: string): Promise<string[]> =>
        hooksOf(containerd, await containerd.createContainer(pod, { name }));
      expect(await next('a')).toEqual(['first']);

      place.define('20.json', named('second'));
      await plugin.until(({ catalog }) => catalog.definitions === 2);
      expect(await next('b')).toEqual(['first', 'second']);

      place.write('10.json', BAD);
      const { ready, diagnostics } = await plugin.until(({ catalog }) => catalog.stale);
      expect(ready).toBe(true);
      expect(diagnostics).toMatchObject([{ code: 'STAGE_UNKNOWN', path: `${place.hooksDir}/10.json` }]);
      expect(await next('c')).toEqual(['first', 'second']);

      place.remove('10.json');
      await plugin.until(({ catalog }) => !catalog.stale);
      expect(await next('d')).toEqual(['second']);
      // Once, however often the directory was looked at since.
      const told = plugin.logged().filter(({ event, level }) => event === 'catalog' && level === 'error');
      expect(told).toHaveLength(1);
    });

    it.each(['SIGTERM', 'SIGKILL'] as const)(
      'comes back when containerd ends by %s and starts again',
      async (signal) => {
        const place = pluginPlace();
        place.define('10.json', named('hook'));
        const containerd = await daemon(suite);
        const plugin = await startPlugin(place, containerd.nri.socketPath);
        const pod = await containerd.runPod();
        const before = await containerd.createContainer(pod, { name: 'before' });
        await containerd.restart(signal);
        const { synchronized, connection } = await plugin.until((status) => status.synchronized?.containers === 1);
        expect(connection).toMatchObject({ step: 'ready', connects: 2 });
        const after = await containerd.createContainer(pod, { name: 'after' });
        expect(await hooksOf(containerd, before)).toEqual(['hook']);
        expect(await hooksOf(containerd, after)).toEqual(['hook']);
        expect(synchronized).toMatchObject({ missingCount: 0 });
      },
    );

    it('refuses a container in doubt in the answer to CreateContainer, and nothing of it stays', async () => {
      const place = pluginPlace();
      place.define('10.json', { hook: { path: '/nonexistent/program' } });
      const containerd = await daemon(suite);
      await startPlugin(place, containerd.nri.socketPath, { args: ['--on-error', 'fail'] });
      const pod = await containerd.runPod();
      const refused =
        /hooks: the container is not created: \S*\/10\.json.*HOOK_PROGRAM_MISSING.*\/nonexistent\/program/;
      await expect(containerd.createContainer(pod)).rejects.toThrow(refused);
      expect(await containerd.containers()).toEqual([]);
    });

    it('refuses every container while it never had good definitions, until the file is mended', async () => {
      const place = pluginPlace();
      place.write('10.json', BAD);
      const containerd = await daemon(suite);
      const plugin = await startPlugin(place, containerd.nri.socketPath);
      const pod = await containerd.runPod();
      const why = /hooks: the container is not created: \S*\/10\.json:1:\d+: error STAGE_UNKNOWN/;
      await expect(containerd.createContainer(pod)).rejects.toThrow(why);
      expect(plugin.status()).toMatchObject({ ready: false, containers: { refused: 1 } });
      place.define('10.json', named('mended'));
      await plugin.until(({ ready }) => ready);
      expect(await hooksOf(containerd, await containerd.createContainer(pod))).toEqual(['mended']);
    });

    it('lets a container in doubt through where the administrator says so: skip, or an exempt namespace', async () => {
      const place = pluginPlace();
      place.define('10.json', named('good'));
      place.define('20.json', { hook: { path: '/nonexistent/program' } });
      const containerd = await daemon(suite);
      place.write('../nri.json', JSON.stringify({ onError: 'fail', exempt: { namespaces: ['kube-system'] } }));
      const plugin = await startPlugin(place, containerd.nri.socketPath, {
        args: ['--config', `${place.work}/nri.json`],
      });
      const exempt = await containerd.runPod({ namespace: 'kube-system' });
      expect(await hooksOf(containerd, await containerd.createContainer(exempt))).toEqual(['good']);
      await expect(containerd.createContainer(await containerd.runPod())).rejects.toThrow(/HOOK_PROGRAM_MISSING/);
      plugin.kill('SIGTERM');
      expect(await plugin.ended).toBe(0);
      await startPlugin(place, containerd.nri.socketPath, { args: ['--on-error', 'skip'] });
      expect(await hooksOf(containerd, await containerd.createContainer(await containerd.runPod()))).toEqual(['good']);
    });

    it('does not double the hooks of another plugin that read the same directory', async () => {
      const place = pluginPlace();
      place.define('10.json', named('one'));
      place.define('20.json', named('two'));
      const containerd = await daemon(suite);
      const pod = await containerd.runPod();
      await startPlugin(place, containerd.nri.socketPath);
      const second = { args: ['--index', '20', '--name', 'hooks-new'], statusSocket: `${place.work}/new.sock` };
      const plugin = await startPlugin(place, containerd.nri.socketPath, second);
      expect(await hooksOf(containerd, await containerd.createContainer(pod))).toEqual(['one', 'two']);
      expect(plugin.status().containers).toMatchObject({ injected: 0, unchanged: 1 });
    });

    it('works under Node as well', async () => {
      const place = pluginPlace();
      place.define('10.json', named('hook'));
      const containerd = await daemon(suite);
      await startPlugin(place, containerd.nri.socketPath, { program: NODE_PROGRAM });
      const pod = await containerd.runPod();
      expect(await hooksOf(containerd, await containerd.createContainer(pod))).toEqual(['hook']);
    });

    it('is not asked about a container that ctr makes beside the CRI', async () => {
      const place = pluginPlace();
      const states = defineStateKeeping(place);
      const containerd = await daemon(suite);
      const plugin = await startPlugin(place, containerd.nri.socketPath);
      const runtime = ['--runc-binary', 'runc', '--runc-root', `${place.work}/runc`];
      const run = containerd.ctr(
        'run',
        '--rm',
        ...runtime,
        '--rootfs',
        containerd.rootfs,
        basename(place.work),
        '/bin/echo',
        'ran',
      );
      expect(run).toMatchObject({ status: 0, stdout: 'ran\n' });
      expect(states()).toEqual(seenByAll());
      expect(plugin.status().containers).toEqual({ injected: 0, unchanged: 0, refused: 0, skipped: 0 });
    });

    it('misses none of 200 containers in a row', async () => {
      const place = pluginPlace();
      for (let number = 10; number < 20; number += 1) place.define(`${number}.json`, named(String(number)));
      const containerd = await daemon(suite);
      const plugin = await startPlugin(place, containerd.nri.socketPath);
      const pod = await containerd.runPod();
      const ids: string[] = [];
      for (let number = 0; number < 200; number += 1) {
        ids.push(await containerd.createContainer(pod, { name: `app-${number}` }));
      }
      const all = await Promise.all(ids.map((id) => hooksOf(containerd, id)));
      const expected = Array.from({ length: 10 }, (_, at) => String(at + 10));
      expect(all.filter((names) => names.join() !== expected.join())).toEqual([]);
      expect(plugin.status()).toMatchObject({ containers: { injected: 200 }, connection: { connects: 1 } });
    });
  });
});
