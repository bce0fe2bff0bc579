import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Containerd, startContainerd } from '../../containerd/containerd.ts';
import { defineStateKeeping, seenByAll } from '../../containerd/state-keeping.ts';
import { containerdOf, SUITES, type Suite } from '../../containerd/suite.ts';
import { requires, root } from '../../requirement.ts';
import { type WrapperPlace, wrapperPlace } from './wrapper.ts';

// The Container Runtime Interface is what Kubernetes speaks: the wrapper as the runtime of a containerd that is driven through
// it. The state that a hook is given is left in a file by stage.

const BOTH_GLOBS = { podAnnotations: ['*', '*/*'], containerAnnotations: ['*', '*/*'] };
/** The app's command: the pause container has another one, so a condition on it leaves the pod alone. */
const APP = { commands: ['^/bin/sh$'] };

interface Bed {
  readonly place: WrapperPlace;
  readonly containerd: Containerd;
}

async function bed(suite: Suite, settings: object = { runtime: 'runc' }): Promise<Bed> {
  const place = wrapperPlace(settings);
  // What the wrapper notes of the runtime that it last became, under the name of its program.
  onTestFinished(() => rmSync(noteOf(place), { force: true }));
  const containerd = await startContainerd({
    suite,
    runtimes: {
      hooks: { binaryName: place.program, ...BOTH_GLOBS },
      star: { binaryName: place.program, podAnnotations: ['*'], containerAnnotations: ['*'] },
      none: { binaryName: place.program },
      runc: { binaryName: 'runc' },
    },
    environment: place.environment,
  });
  onTestFinished(() => containerd.close());
  return { place, containerd };
}

function noteOf(place: WrapperPlace): string {
  return join('/run/oci-hooks/@runtime', place.program.replace(/[^A-Za-z0-9_.-]/g, '_'));
}

const FAILURES: readonly (readonly [string, (place: WrapperPlace) => void, RegExp])[] = [
  [
    'a hook that fails',
    (place) =>
      place.define('10.json', {
        hook: { path: '/bin/sh', args: ['sh', '-c', 'cat > /dev/null; echo why >&2; exit 3'] },
        when: APP,
      }),
    /error running hook.*exit status 3.*stderr: why/s,
  ],
  [
    'a hook that takes too long',
    (place) => place.define('10.json', { hook: { path: '/bin/sleep', args: ['sleep', '60'], timeout: 1 }, when: APP }),
    /hook ran past specified timeout of 1\.0s/,
  ],
  [
    'a definition with an error',
    (place) => place.define('10.json', { hook: { path: '/bin/true' }, stages: ['preStart'] }),
    /hooks-runtime: \S*\/10\.json:1:\d+: error STAGE_UNKNOWN: .*prestart/,
  ],
  [
    'no runtime',
    (place) => place.configure({ runtime: 'no-such-runtime' }),
    /hooks-runtime: there is no OCI runtime: looked for no-such-runtime/,
  ],
];

describe.each(SUITES)('containerd of %s through the CRI', (suite) => {
  requires([containerdOf(suite), 'runc', 'busybox', root], () => {
    it('runs the hooks of every stage, for the pause container and for the app', async () => {
      const { place, containerd } = await bed(suite);
      const states = defineStateKeeping(place);
      // In the container: its path is looked up there, its shell is busybox.
      const started = { path: '/bin/sh', args: ['sh', '-c', 'cat > /tmp/started'] };
      place.define('20.json', { hook: started, stages: ['startContainer'], when: APP });
      const pod = await containerd.runPod();
      const app = await containerd.createContainer(pod);
      await containerd.start(app);
      const { stdout } = await containerd.exec(app, 'cat', '/tmp/started');
      expect(JSON.parse(stdout).id).toBe(app);
      await containerd.stop(app);
      expect(await containerd.status(app)).toMatchObject({ state: 'CONTAINER_EXITED', exit_code: 0 });
      await containerd.remove(app);
      await containerd.removePod(pod);
      expect(states()).toEqual(seenByAll(app, pod.id));
    });

    it('goes on with its containers when containerd starts again', async () => {
      const { place, containerd } = await bed(suite);
      const states = defineStateKeeping(place, APP);
      const pod = await containerd.runPod();
      const app = await containerd.createContainer(pod);
      await containerd.start(app);
      await containerd.restart('SIGKILL');
      // A mistake in the settings must not keep anything from being stopped.
      place.configure({ runtime: 7 });
      expect(await containerd.exec(app, 'echo', 'inside')).toMatchObject({ status: 0, stdout: 'inside\n' });
      await containerd.stop(app);
      await containerd.remove(app);
      await containerd.removePod(pod);
      expect(states()).toMatchObject({ createRuntime: [app], poststop: [app] });
    });

    it.each([
      ['none', [], [], ['plain', 'slash']],
      ['star', ['plain'], ['plain'], ['slash']],
      ['hooks', ['plain', 'slash'], ['plain', 'slash'], []],
    ])('sees the annotations that the globs of the class %s let through', async (handler, ofPod, ofApp, missed) => {
      const { place, containerd } = await bed(suite);
      const annotated = (key: string, name: string): void =>
        place.define(`10-${name}.json`, {
          hook: { path: '/bin/true', args: [name] },
          when: { annotations: { [`^${key}$`]: '^yes$' } },
        });
      annotated('plain', 'plain');
      annotated('pod\\.example/slash', 'slash');
      const annotations = { plain: 'yes', 'pod.example/slash': 'yes' };
      // First on the pod, then on the app alone.
      const pod = await containerd.runPod({ annotations, handler });
      const bare = await containerd.runPod({ handler });
      const app = await containerd.createContainer(bare, { annotations });
      await containerd.start(app);
      expect(injected(containerd, pod.id)).toEqual(ofPod);
      expect(injected(containerd, bare.id)).toEqual([]);
      expect(injected(containerd, app)).toEqual(ofApp);
      // The log names what only an absent annotation kept from matching.
      const [first] = place.logged();
      expect(first).toMatchObject({ id: pod.id, missed: missed.map((name) => ({ name: `10-${name}.json` })) });
    });

    it.each(FAILURES)(
      'says in the answer to StartContainer why there is no container: %s',
      async (_what, spoil, why) => {
        const { place, containerd } = await bed(suite);
        const pod = await containerd.runPod();
        spoil(place);
        const app = await containerd.createContainer(pod);
        await expect(containerd.start(app)).rejects.toThrow(why);
        // The kubelet shows the same to the pod's owner, from here.
        const { state, reason, message } = await containerd.status(app);
        expect([state, reason]).toEqual(['CONTAINER_EXITED', 'StartError']);
        expect(message).toMatch(why);
      },
    );

    it('says in the answer to RunPodSandbox why there is no pod', async () => {
      const { place, containerd } = await bed(suite);
      place.define('10.json', { hook: { path: '/bin/true' }, stages: ['preStart'] });
      await expect(containerd.runPod()).rejects.toThrow(/hooks-runtime: \S*\/10\.json:1:\d+: error STAGE_UNKNOWN/);
    });

    it('runs the hooks of a container that ctr runs beside the CRI', async () => {
      const { place, containerd } = await bed(suite);
      const states = defineStateKeeping(place);
      const id = basename(place.work);
      const runtime = ['--runc-binary', place.program, '--runc-root', join(place.work, 'runc')];
      const run = containerd.ctr('run', '--rm', ...runtime, '--rootfs', containerd.rootfs, id, '/bin/echo', 'inside');
      expect(run).toMatchObject({ status: 0, stdout: 'inside\n' });
      expect(states()).toEqual(seenByAll(id));
    });
  });
});

requires([containerdOf('sid'), 'runc', 'busybox', root], () => {
  it('answers containerd 2 about features as its runtime does, before it made any container', async () => {
    const { containerd } = await bed('sid');
    const handlers = await containerd.handlers();
    const features = (name: string): unknown => handlers.find((handler) => handler.name === name)?.features;
    // Null is what containerd notes of a runtime that does not answer.
    expect(features('hooks')).toMatchObject({ user_namespaces: expect.any(Boolean) });
    expect(features('hooks')).toEqual(features('runc'));
  });
});

/** The names that the createRuntime hooks of a bundle were given. */
function injected(containerd: Containerd, id: string): string[] {
  const hooks = containerd.configOf(id).hooks?.createRuntime ?? [];
  return hooks.map((hook) => String((hook as { readonly args: readonly string[] }).args[0]));
}
