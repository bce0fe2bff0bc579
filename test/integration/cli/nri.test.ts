import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { CreateContainerResponse } from '../../../src/generated/nri-messages.ts';
import { acceptPlugin, listenAsRuntime, type RuntimeSocket } from '../../nri-runtime.ts';
import { definition, directoryWith, hooks, json, PROGRAM } from './run.ts';
import { findings } from './schema.ts';

interface LogLine {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly [member: string]: unknown;
}

interface Plugin {
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  /** Resolves when a line of this event, and with this in its message, is in the log. */
  readonly said: (event: string, part?: string) => Promise<LogLine>;
  readonly end: (signal: NodeJS.Signals) => Promise<number | null>;
}

function start(
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv; withSocket?: boolean },
): Plugin {
  const [program = '', ...before] = PROGRAM;
  const child = spawn(program, [...before, ...args], {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'ignore', 'pipe', options.withSocket ? 'pipe' : 'ignore'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) lines.push(part.startsWith('{') ? JSON.parse(part) : { event: 'text', message: part });
    for (const look of waiting) look();
  });
  const exit = new Promise<number | null>((resolve) => {
    child.once('exit', (status) => resolve(status));
  });
  return {
    child,
    lines,
    said: (event, part = '') =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find((line) => line.event === event && line.message.includes(part));
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
        void exit.then(() => reject(new Error(`it ended without saying ${event}: ${JSON.stringify(lines)}`)));
      }),
    end: (signal) => {
      child.kill(signal);
      return exit;
    },
  };
}

async function runtime(cwd: string): Promise<RuntimeSocket> {
  const socket = await listenAsRuntime(join(cwd, 'nri.sock'));
  onTestFinished(() => socket.close());
  return socket;
}

/** `hooks nri` with its files and sockets in a directory of the test's. */
const flags = (cwd: string, ...more: readonly string[]): readonly string[] => [
  'nri',
  '--config',
  join(cwd, 'nri.yaml'),
  '--socket-path',
  join(cwd, 'nri.sock'),
  '--status',
  join(cwd, 'status.sock'),
  ...more,
];

const directory = (files: Readonly<Record<string, unknown>> = {}): string => {
  const cwd = directoryWith({
    'hooks.d/10-gpu.json': definition(
      { annotations: { '^gpu$': '^all$' } },
      { hook: { path: '/bin/true', timeout: 5 } },
    ),
    ...files,
  });
  if (!('nri.yaml' in files)) writeFileSync(join(cwd, 'nri.yaml'), `hooksDirs: [${join(cwd, 'hooks.d')}]\n`);
  return cwd;
};

const pod = (namespace = 'default', annotations: Readonly<Record<string, string>> = {}) => ({
  id: 'p1',
  name: 'web-0',
  namespace,
  annotations: Object.entries(annotations).map(([key, value]) => ({ key, value })),
});

const container = (annotations: Readonly<Record<string, string>> = { gpu: 'all' }) => ({
  id: 'c1',
  podSandboxId: 'p1',
  name: 'web',
  args: ['sleep', '1'],
  annotations: Object.entries(annotations).map(([key, value]) => ({ key, value })),
});

const paths = (answer: CreateContainerResponse): readonly string[] =>
  (answer.adjust?.hooks?.createRuntime ?? []).map(({ path }) => path);

const get = (socketPath: string, path: string): Promise<{ status: number | undefined; text: string }> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    asked.once('error', reject);
    asked.end();
  });

describe('hooks nri', () => {
  it('registers, asks for CreateContainer alone, and answers with the hooks that match', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd, '--index', '42', '--name', 'mine'), { cwd });
    const session = await socket.next();
    expect(session.registered).toMatchObject({ pluginName: 'mine', pluginIdx: '42' });
    expect(session.events).toBe(8);
    const answer = await session.createContainer({ pod: pod(), container: container() });
    expect(answer.adjust?.hooks?.createRuntime).toMatchObject([{ path: '/bin/true', timeout: { value: 5n } }]);
    expect((await session.createContainer({ pod: pod(), container: container({}) })).adjust).toBeUndefined();
    expect(await plugin.said('container', '1 hook injected')).toMatchObject({
      container: { id: 'c1', name: 'web' },
      pod: { name: 'web-0', namespace: 'default' },
      matched: [{ name: '10-gpu.json', conditions: [{ condition: 'annotations', value: 'gpu: all' }] }],
    });
  });

  it('answers with 200 kB of hooks in frames of at most 4096 bytes', async () => {
    const args = Array.from({ length: 200 }, (_, index) => `${index}`.padEnd(1000, 'x'));
    const cwd = directory({
      'hooks.d/20-long.json': definition({ always: true }, { hook: { path: '/bin/true', args } }),
    });
    const socket = await runtime(cwd);
    start(flags(cwd), { cwd });
    const session = await socket.next();
    const answer = await session.createContainer({ pod: pod(), container: container({}) });
    expect(answer.adjust?.hooks?.createRuntime[0]?.args).toEqual(args);
    expect(Math.max(...session.frames)).toBe(4096);
  });

  it('says how it is: ready with status 0, not ready with 1, and 3 when there is none', async () => {
    const cwd = directory();
    const status = ['nri', 'status', '--status', join(cwd, 'status.sock')];
    expect(hooks(status).status).toBe(3);
    const plugin = start(flags(cwd), { cwd });
    await plugin.said('disconnected');
    const waiting = hooks([...status, '--json']);
    expect(waiting.status).toBe(1);
    expect(findings('nri-status', waiting)).toEqual([]);
    const socket = await runtime(cwd);
    const session = await socket.next();
    await plugin.said('synchronized');
    await session.synchronize({ pods: [pod()], containers: [{ ...container(), state: 3 }] });
    await plugin.said('missing-hook');
    await session.createContainer({ pod: pod(), container: container() });
    const ready = hooks([...status, '--json']);
    expect(ready.status).toBe(0);
    expect(findings('nri-status', ready)).toEqual([]);
    expect(json(ready)).toMatchObject({
      runtime: { name: 'containerd', version: '2.1.9' },
      containers: { injected: 1 },
      synchronized: { missing: [{ container: 'c1', pod: 'web-0', definition: '10-gpu.json', stage: 'createRuntime' }] },
    });
    expect(hooks(status).stdout).toMatch(/^ready\n/);
  });

  it('tells a container that runs although its hook has no program', async () => {
    const gpu = definition({ annotations: { '^gpu$': '^all$' } }, { hook: { path: '/nowhere/gpu' } });
    const cwd = directory({ 'hooks.d/10-gpu.json': gpu });
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    const session = await socket.next();
    const there = { ...container(), id: 'c2', state: 3, hooks: { createRuntime: [{ path: '/nowhere/gpu' }] } };
    await session.synchronize({ pods: [pod()], containers: [{ ...container(), state: 3 }, there] });
    expect(await plugin.said('missing-hook')).toMatchObject({ container: 'c1', definition: '10-gpu.json' });
    await plugin.said('synchronized', '1 hooks are missing in 2 running');
  });

  it('tells in its status what a person needs to mend it, found through the settings file', async () => {
    const gone = definition({ always: true }, { hook: { path: '/nowhere/gpu' } });
    const cwd = directory({ 'hooks.d/10-gpu.json': gone });
    const [socket, file] = [join(cwd, 'nri.sock'), join(cwd, 'nri.yaml')];
    writeFileSync(
      file,
      `hooksDirs: [${cwd}/hooks.d]\nstatus: ${cwd}/status.sock\nsocketPath: ${socket}\nhostRoot: /\n`,
    );
    const plugin = start(['nri', '--config', file], { cwd });
    await plugin.said('disconnected');
    const findings = [expect.stringMatching(/are refused/)];
    expect(await plugin.said('catalog')).toMatchObject({ findings });
    const { stdout } = hooks(['nri', 'status', '--config', file]);
    for (const line of [
      `hooks directories ${cwd}/hooks.d`,
      `NRI socket ${socket}`,
      'host root /',
      `settings file ${file}`,
      '1 without their program (containers they match are refused)',
      '  fix: install the program',
    ]) {
      expect(stdout).toContain(line);
    }
    expect(stdout).toMatch(/10-gpu\.json:1:\d+: warning HOOK_PATH_MISSING: .* are refused/);
    expect(json(hooks(['nri', 'status', '--json', '--config', file]))).toMatchObject({ settings: { file } });
    expect(hooks(['nri', 'status', '--quiet', '--config', file])).toMatchObject({ status: 1, stdout: '', stderr: '' });
  });

  it('says which definition nearly matched', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    const session = await socket.next();
    await session.createContainer({ pod: pod(), container: container({ gpu: 'some' }) });
    expect(await plugin.said('container')).toMatchObject({
      outcome: 'unchanged',
      nearMisses: [{ name: '10-gpu.json', reason: 'value-differs', value: 'gpu: some' }],
    });
  });

  it('comes back when the runtime restarts', async () => {
    const cwd = directory();
    const first = await listenAsRuntime(join(cwd, 'nri.sock'));
    const plugin = start(flags(cwd), { cwd });
    await first.next();
    await first.close();
    await plugin.said('disconnected');
    const second = await runtime(cwd);
    const session = await second.next();
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual(['/bin/true']);
  });

  it('leaves with status 0 at SIGTERM, and takes its sockets away', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd, '--metrics', `unix:${join(cwd, 'metrics.sock')}`), { cwd });
    const session = await socket.next();
    expect(await plugin.end('SIGTERM')).toBe(0);
    await session.closed;
    expect(hooks(['nri', 'status', '--status', join(cwd, 'status.sock')]).stderr).toContain(
      'no plugin is running there',
    );
    await expect(get(join(cwd, 'metrics.sock'), '/metrics')).rejects.toThrow('ENOENT');
  });

  it('says that it was told to stop, and not that the runtime left', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    await socket.next();
    await plugin.said('connected');
    const said = Promise.all([plugin.said('stop', 'SIGTERM'), plugin.said('disconnected', 'told to stop')]);
    await plugin.end('SIGTERM');
    await said;
    expect(plugin.lines.filter(({ message }) => message.includes('the runtime closed'))).toEqual([]);
  });

  it('loads the definitions at SIGHUP, and goes on', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    const session = await socket.next();
    await plugin.said('connected');
    plugin.child.kill('SIGHUP');
    await plugin.said('reload');
    await vi.waitFor(() => expect(plugin.lines.filter(({ event }) => event === 'catalog')).toHaveLength(2));
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual(['/bin/true']);
  });

  it('compares the running containers when the definitions first become good, and not before', async () => {
    const gpu = JSON.stringify(definition({ always: true }, { hook: { path: '/bin/true' } }));
    const cwd = directory({ 'hooks.d/10-gpu.json': gpu, 'hooks.d/20.json': '{' });
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    const session = await socket.next();
    await session.synchronize({ pods: [pod()], containers: [{ ...container(), state: 3 }] });
    await plugin.said('synchronized', 'not compared');
    const status = json(hooks(['nri', 'status', '--json', '--status', join(cwd, 'status.sock')]));
    expect(status).toMatchObject({ ready: false, catalog: { definitions: 0 } });
    expect(status).not.toHaveProperty('synchronized');
    rmSync(join(cwd, 'hooks.d/20.json'));
    expect(await plugin.said('missing-hook')).toMatchObject({ container: 'c1', definition: '10-gpu.json' });
  });

  it('uses what is in the directory now, and keeps the last good definitions when a file goes bad', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    const session = await socket.next();
    const put = (name: string, text: string): void => {
      writeFileSync(join(cwd, `${name}.tmp`), text);
      renameSync(join(cwd, `${name}.tmp`), join(cwd, 'hooks.d', name));
    };
    put('20.json', JSON.stringify(definition({ always: true }, { hook: { path: '/bin/false' } })));
    await plugin.said('catalog', '2 definitions');
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual([
      '/bin/true',
      '/bin/false',
    ]);
    put('30.json', '{');
    expect(await plugin.said('catalog', 'the last good ones stay')).toMatchObject({ level: 'error' });
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual([
      '/bin/true',
      '/bin/false',
    ]);
    const status = json(hooks(['nri', 'status', '--json', '--status', join(cwd, 'status.sock')]));
    expect(status).toMatchObject({
      ready: true,
      catalog: { stale: true, definitions: 2 },
      diagnostics: [{ code: 'JSON_SYNTAX' }],
    });
  });

  it('refuses every container while there are no good definitions, but for those that are exempt', async () => {
    const cwd = directory({ 'hooks.d/10-gpu.json': '{' });
    writeFileSync(join(cwd, 'nri.yaml'), `hooksDirs: [${cwd}/hooks.d]\nexempt: {namespaces: [kube-system]}\n`);
    const socket = await runtime(cwd);
    start(flags(cwd), { cwd, env: { POD_NAMESPACE: 'hooks' } });
    const session = await socket.next();
    await expect(session.createContainer({ pod: pod(), container: container() })).rejects.toThrow(/JSON_SYNTAX.*fix:/);
    for (const namespace of ['kube-system', 'hooks']) {
      const answer = await session.createContainer({ pod: pod(namespace), container: container() });
      expect(answer.adjust).toBeUndefined();
    }
  });

  it('refuses a container that a definition without its program matches, or leaves that out with --on-error skip', async () => {
    const files = {
      'hooks.d/10-gpu.json': definition({ annotations: { '^gpu$': '^all$' } }, { hook: { path: '/nowhere/gpu' } }),
      'hooks.d/20-all.json': definition({ always: true }, { hook: { path: '/bin/true' } }),
    };
    for (const [onError, expected] of [
      ['fail', /HOOK_PROGRAM_MISSING/],
      ['skip', ['/bin/true']],
    ] as const) {
      const cwd = directory(files);
      const socket = await runtime(cwd);
      const plugin = start(flags(cwd, '--on-error', onError), { cwd });
      const session = await socket.next();
      const asked = session
        .createContainer({ pod: pod(), container: container() })
        .then(paths, (error) => error.message);
      if (expected instanceof RegExp) expect(await asked).toMatch(expected);
      else expect(await asked).toEqual(expected);
      expect(await plugin.said('container')).toMatchObject({ outcome: onError === 'fail' ? 'refused' : 'skipped' });
      const other = await session.createContainer({ pod: pod(), container: container({}) });
      expect(paths(other)).toEqual(['/bin/true']);
    }
  });

  it('refuses as soon as the program of a matching hook is gone or cannot be run, and leaves it out where exempt', async () => {
    const cwd = directory();
    const program = join(cwd, 'gpu');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    const gpu = definition({ annotations: { '^gpu$': '^all$' } }, { hook: { path: program } });
    writeFileSync(join(cwd, 'hooks.d/10-gpu.json'), JSON.stringify(gpu));
    const socket = await runtime(cwd);
    start(flags(cwd), { cwd, env: { POD_NAMESPACE: 'hooks' } });
    const session = await socket.next();
    const create = (namespace?: string) => session.createContainer({ pod: pod(namespace), container: container() });
    expect(paths(await create())).toEqual([program]);
    chmodSync(program, 0o644);
    await expect(create()).rejects.toThrow('HOOK_PROGRAM_UNUSABLE');
    rmSync(program);
    await expect(create()).rejects.toThrow('HOOK_PROGRAM_MISSING');
    expect((await create('hooks')).adjust).toBeUndefined();
  });

  it('looks for programs beneath --host-root, links followed within it', async () => {
    const cwd = directory({
      'host/usr/gpu': '#!/bin/sh\n',
      'hooks.d/10-gpu.json': definition({ always: true }, { hook: { path: '/bin/gpu' } }),
      'hooks.d/20-escape.json': definition({ always: true }, { hook: { path: '/bin/true' } }),
    });
    symlinkSync('/usr', join(cwd, 'host/bin'));
    chmodSync(join(cwd, 'host/usr/gpu'), 0o755);
    const socket = await runtime(cwd);
    start(flags(cwd, '--host-root', join(cwd, 'host'), '--on-error', 'skip'), { cwd });
    const session = await socket.next();
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual(['/bin/gpu']);
  });

  it("looks for definitions in the host's usual directories with --host-root", async () => {
    const cwd = directory({
      'host/etc/containers/oci/hooks.d/10.json': definition({ always: true }, { hook: { path: '/gpu' } }),
      'host/gpu': '#!/bin/sh\n',
      'nri.yaml': '',
    });
    chmodSync(join(cwd, 'host/gpu'), 0o755);
    const socket = await runtime(cwd);
    start(flags(cwd, '--host-root', join(cwd, 'host')), { cwd });
    const session = await socket.next();
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual(['/gpu']);
  });

  it('warns of a hooks directory that was named and is not there, until it is', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd, '--hooks-dir', join(cwd, 'hoks.d')), { cwd });
    const findings = [expect.stringMatching(/hoks\.d: warning DIRECTORY_MISSING/)];
    expect(await plugin.said('catalog', '0 definitions')).toMatchObject({ level: 'warning', findings });
    await socket.next();
    await plugin.said('connected');
    const status = (): unknown => json(hooks(['nri', 'status', '--json', '--status', join(cwd, 'status.sock')]));
    expect(status()).toMatchObject({ ready: true, diagnostics: [{ code: 'DIRECTORY_MISSING' }] });
    mkdirSync(join(cwd, 'hoks.d'));
    await vi.waitFor(() => expect(status()).toMatchObject({ diagnostics: [] }), { timeout: 10_000 });
  });

  it('adds no hook that the container has already', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    start(flags(cwd), { cwd });
    const session = await socket.next();
    const there = { createRuntime: [{ path: '/bin/true', timeout: { value: 5n } }] };
    const answer = await session.createContainer({ pod: pod(), container: { ...container(), hooks: there } });
    expect(answer.adjust).toBeUndefined();
  });

  it.each([
    ['first', ['/bin/false']],
    ['last', ['/bin/true']],
    ['off', ['/bin/false']],
  ] as const)('--pod-annotations %s', async (order, expected) => {
    const cwd = directory({
      'hooks.d/10-pod.json': definition({ annotations: { '^who$': '^pod$' } }, { hook: { path: '/bin/true' } }),
      'hooks.d/20-container.json': definition(
        { annotations: { '^who$': '^container$' } },
        { hook: { path: '/bin/false' } },
      ),
    });
    rmSync(join(cwd, 'hooks.d/10-gpu.json'));
    const socket = await runtime(cwd);
    start(flags(cwd, '--pod-annotations', order), { cwd });
    const session = await socket.next();
    const both = { pod: pod('default', { who: 'pod' }), container: container({ who: 'container' }) };
    expect(paths(await session.createContainer(both))).toEqual(expected);
    const podOnly = { pod: pod('default', { who: 'pod' }), container: container({}) };
    expect(paths(await session.createContainer(podOnly))).toEqual(order === 'off' ? [] : ['/bin/true']);
  });

  it('tells metrics in the text format of Prometheus', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd, '--metrics', `unix:${join(cwd, 'metrics.sock')}`), { cwd });
    const session = await socket.next();
    await session.createContainer({ pod: pod(), container: container() });
    await plugin.said('container');
    const { status, text } = await get(join(cwd, 'metrics.sock'), '/metrics');
    expect(status).toBe(200);
    for (const line of [
      'oci_hooks_nri_connected 1',
      'oci_hooks_nri_containers_total{outcome="injected"} 1',
      'oci_hooks_nri_hooks_injected_total{definition="10-gpu.json"} 1',
      'oci_hooks_nri_answer_seconds_bucket{le="+Inf"} 1',
      'oci_hooks_nri_catalog_generation 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect((await get(join(cwd, 'metrics.sock'), '/other')).status).toBe(404);
  });

  it('takes the socket and the settings of a runtime that started it', async () => {
    const cwd = directory();
    mkdirSync(join(cwd, 'other.d'));
    writeFileSync(
      join(cwd, 'other.d/10.json'),
      JSON.stringify(definition({ always: true }, { hook: { path: '/bin/false' } })),
    );
    const environment = { NRI_PLUGIN_NAME: 'own', NRI_PLUGIN_IDX: '07', NRI_PLUGIN_SOCKET: '3' };
    // The single executable needs no word: it lies in the runtime's plugin directory under any name.
    const args = process.env['HOOKS_TEST_PROGRAM'] === 'executable' ? [] : ['nri'];
    const plugin = start(args, { cwd, env: environment, withSocket: true });
    const config = JSON.stringify({ hooksDirs: [join(cwd, 'other.d')], status: join(cwd, 'status.sock') });
    const stream = plugin.child.stdio[3] as Duplex;
    const session = await acceptPlugin(stream, { config, doesNotSynchronize: true });
    expect(session.registered).toMatchObject({ pluginName: 'own', pluginIdx: '07' });
    expect(paths(await session.createContainer({ pod: pod(), container: container() }))).toEqual(['/bin/false']);
    expect(hooks(['nri', 'status', '--status', join(cwd, 'status.sock')]).status).toBe(0);
    session.close();
    expect(await new Promise((resolve) => plugin.child.once('exit', resolve))).toBe(0);
  });

  it('refuses containers when the settings that the runtime hands over have errors', async () => {
    const cwd = directory();
    const environment = { NRI_PLUGIN_NAME: 'own', NRI_PLUGIN_IDX: '07', NRI_PLUGIN_SOCKET: '3' };
    const plugin = start(['nri'], { cwd, env: environment, withSocket: true });
    const session = await acceptPlugin(plugin.child.stdio[3] as Duplex, { config: 'onEror: skip\n' });
    await expect(session.createContainer({ pod: pod(), container: container() })).rejects.toThrow(
      /SETTING_VALUE.*onError/,
    );
  });

  it('tells its state where nri.yaml says, whatever is wrong there or in what the runtime hands over', async () => {
    const environment = { NRI_PLUGIN_NAME: 'own', NRI_PLUGIN_IDX: '07', NRI_PLUGIN_SOCKET: '3' };
    for (const [ofFile, handedOver] of [
      ['onEror: skip\n', ''],
      ['', 'onEror: skip\nstatus: /run/other.sock\n'],
      ['onEror: skip\n', 'onError: skip\n'],
    ]) {
      const cwd = directory();
      const statusSocket = join(cwd, 'status.sock');
      writeFileSync(join(cwd, 'nri.yaml'), `status: ${statusSocket}\n${ofFile}`);
      const args = ['nri', '--config', join(cwd, 'nri.yaml')];
      const plugin = start(args, { cwd, env: environment, withSocket: true });
      const session = await acceptPlugin(plugin.child.stdio[3] as Duplex, { config: handedOver ?? '' });
      await expect(session.createContainer({ pod: pod(), container: container() })).rejects.toThrow(/onEror/);
      const status = hooks(['nri', 'status', '--json', '--status', statusSocket]);
      expect(json(status)).toMatchObject({ ready: false, diagnostics: [{ code: 'SETTING_VALUE' }] });
      const place = ofFile ? join(cwd, 'nri.yaml') : expect.stringMatching(/^\/etc\/nri\/conf.d\/07-own.conf/);
      expect(json(status)).toMatchObject({ diagnostics: [{ path: place, at: { line: ofFile ? 2 : 1 } }] });
    }
  });

  it('ends with the reason when its settings have errors, or its place is taken', async () => {
    const cwd = directory({ 'nri.yaml': 'onError: maybe\n' });
    expect(hooks(flags(cwd))).toMatchObject({ status: 1, stderr: expect.stringContaining('SETTING_VALUE') });
    writeFileSync(join(cwd, 'nri.yaml'), 'metrics: 0.0.0.0:9464\n');
    expect(hooks(flags(cwd))).toMatchObject({ status: 1, stderr: expect.stringContaining('this machine only') });
    writeFileSync(join(cwd, 'nri.yaml'), '');
    const plugin = start(flags(cwd), { cwd });
    await plugin.said('disconnected');
    expect(hooks(flags(cwd))).toMatchObject({ status: 3, stderr: expect.stringContaining('another program listens') });
  });

  it('finds the same mistakes by hooks validate', () => {
    const cwd = directory({ 'nri.yaml': 'onError: skip\nmetrics: 0.0.0.0:9464\n' });
    const { status, stderr } = hooks(['validate', join(cwd, 'nri.yaml')]);
    expect(status).toBe(1);
    expect(stderr).toContain('nri.yaml:2:10: error SETTING_VALUE');
  });

  it('does not say of settings that end it that they stop containers, nor of a missing file that it is a definition', () => {
    const cwd = directory({ 'nri.yaml': 'onError: maybe\n' });
    expect(hooks(flags(cwd)).stderr).toMatch(/the plugin does not start(?!.*stops every container)/);
    const missing = hooks(['nri', '--config', join(cwd, 'nothere.yaml')]);
    expect(missing).toMatchObject({ status: 1, stderr: expect.stringContaining('FILE_UNREADABLE') });
    expect(missing.stderr).toContain('these settings decide');
    writeFileSync(join(cwd, 'nri.yaml'), '');
    const flag = hooks(flags(cwd, '--host-root', '/nothere'));
    expect(flag).toMatchObject({ status: 3, stderr: expect.stringContaining('--host-root') });
    writeFileSync(join(cwd, 'nri.yaml'), 'hostRoot: /nothere\n');
    const setting = hooks(flags(cwd));
    expect(setting).toMatchObject({
      status: 3,
      stderr: expect.stringContaining(`hostRoot in ${join(cwd, 'nri.yaml')}`),
    });
  });

  it.each([
    [['--index', '7']],
    [['--name', 'a b']],
    [['--on-error', 'maybe']],
    [['--metrics', '0.0.0.0:1']],
    [['--socket-path', 'nri.sock']],
    [['--nope']],
  ])('%j is wrong usage', (args) => {
    expect(hooks(['nri', ...args])).toMatchObject({ status: 2, stderr: expect.stringContaining('hooks nri --help') });
  });

  it('bears bytes that are no NRI: the session ends, and the next one works', async () => {
    const cwd = directory();
    const socket = await runtime(cwd);
    const plugin = start(flags(cwd), { cwd });
    const session = await socket.next();
    session.sendRaw(Buffer.from('00000001ffffffff', 'hex'));
    await plugin.said('disconnected', 'does not speak NRI');
    const again = await socket.next();
    expect(paths(await again.createContainer({ pod: pod(), container: container() }))).toEqual(['/bin/true']);
  });

  it('takes the place of a plugin that was killed, and of no other socket', async () => {
    const cwd = directory();
    const killed = start(flags(cwd), { cwd });
    await killed.said('disconnected');
    await killed.end('SIGKILL');
    const plugin = start(flags(cwd), { cwd });
    await plugin.said('disconnected');
    expect(hooks(['nri', 'status', '--status', join(cwd, 'status.sock')]).status).toBe(1);
    await plugin.end('SIGTERM');
    writeFileSync(join(cwd, 'status.sock'), 'mine');
    expect(hooks(flags(cwd))).toMatchObject({ status: 3, stderr: expect.stringContaining('no socket') });
  });
});
