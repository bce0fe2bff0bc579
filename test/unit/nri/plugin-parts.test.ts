import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  type Container,
  ContainerSchema,
  PodSandboxSchema,
  SynchronizeRequestSchema,
} from '../../../src/generated/nri-messages.ts';
import { waitBefore } from '../../../src/nri/connection.ts';
import { decisionRecord } from '../../../src/nri/container-record.ts';
import { createLog } from '../../../src/nri/log.ts';
import { containerView } from '../../../src/nri/matching.ts';
import { metricsText } from '../../../src/nri/metrics.ts';
import { parseMetricsAddress } from '../../../src/nri/metrics-server.ts';
import { createState, notReadyReasons } from '../../../src/nri/plugin-state.ts';
import { preinstalledBy } from '../../../src/nri/preinstalled.ts';
import { defaultSettings, settingsFromText } from '../../../src/nri/settings.ts';
import { createGathering } from '../../../src/nri/synchronize.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

const RULES = { podAnnotations: 'first', hasBindMounts: 'user' } as const;

describe('containerView', () => {
  const mounts = (destination: string, ...options: readonly string[]): Container =>
    create(ContainerSchema, { args: ['sh'], mounts: [{ destination, options: [...options] }] });

  it('counts the bind mounts of the user, and not those that the runtime makes', () => {
    expect(containerView(undefined, mounts('/data', 'rbind'), RULES).hasBindMounts).toBe(true);
    expect(containerView(undefined, mounts('/etc/hosts', 'rbind'), RULES).hasBindMounts).toBe(false);
    expect(containerView(undefined, mounts('/proc'), RULES).hasBindMounts).toBe(false);
    expect(
      containerView(undefined, mounts('/etc/hosts', 'bind'), { ...RULES, hasBindMounts: 'any' }).hasBindMounts,
    ).toBe(true);
  });

  it('keeps hooks that are there already as a config.json has them', () => {
    const hooks = { poststop: [{ path: '/a', args: ['a'], timeout: { value: 0n } }] };
    expect(containerView(undefined, create(ContainerSchema, { hooks }), RULES).hooks?.poststop).toEqual([
      { path: '/a', args: ['a'], env: [], timeout: 0n },
    ]);
  });

  it('takes the last of an annotation that is there twice', () => {
    const annotations = [
      { key: 'a', value: '1' },
      { key: 'a', value: '2' },
    ];
    expect(containerView(undefined, create(ContainerSchema, { annotations }), RULES).annotations).toEqual({ a: '2' });
  });
});

describe('the gathering of running containers', () => {
  const entry = { stage: 'poststop', definition: 'a.json', hook: { path: '/a' } } as const;

  it('knows the pod of a container that came in an earlier part, or in a later one', async () => {
    const gathering = createGathering();
    const container = { id: 'c', podSandboxId: 'p', name: 'web', state: 3 };
    gathering.add(create(SynchronizeRequestSchema, { containers: [container], more: true }));
    gathering.add(create(SynchronizeRequestSchema, { pods: [{ id: 'p', name: 'web-0', namespace: 'default' }] }));
    const { missing, missingCount, containers } = await gathering.compare(() => [entry]);
    expect({ missing, missingCount, containers }).toEqual({
      containers: 1,
      missingCount: 1,
      missing: [
        {
          container: 'c',
          name: 'web',
          pod: 'web-0',
          namespace: 'default',
          definition: 'a.json',
          stage: 'poststop',
          path: '/a',
        },
      ],
    });
    expect((await gathering.compare(() => [entry])).containers).toBe(0);
  });

  it('passes over containers that have ended', async () => {
    const gathering = createGathering();
    gathering.add(create(SynchronizeRequestSchema, { containers: [{ id: 'c', state: 4 }] }));
    expect((await gathering.compare(() => [entry])).containers).toBe(0);
  });

  it('says when there are too many, and keeps no more than a thousand differences', async () => {
    const gathering = createGathering();
    const containers = Array.from({ length: 20_001 }, (_, index) => ({ id: `c${index}`, state: 3 }));
    gathering.add(create(SynchronizeRequestSchema, { containers }));
    const { isComplete, missing, missingCount } = await gathering.compare(() => [entry]);
    expect({ isComplete, kept: missing.length, missingCount }).toEqual({
      isComplete: false,
      kept: 1000,
      missingCount: 20_000,
    });
  });
});

describe('waitBefore', () => {
  it('doubles from a tenth of a second to five seconds, less by chance at most a half', () => {
    expect([0, 1, 2, 5, 6, 100].map((failures) => waitBefore(failures, 0))).toEqual([100, 200, 400, 3200, 5000, 5000]);
    expect(waitBefore(100, 1)).toBe(2500);
  });
});

describe('parseMetricsAddress', () => {
  it.each([
    ['127.0.0.1:9464', { host: '127.0.0.1', port: 9464 }],
    ['127.1.2.3:0', { host: '127.1.2.3', port: 0 }],
    ['localhost:80', { host: '127.0.0.1', port: 80 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
    ['unix:/run/m.sock', { path: '/run/m.sock' }],
  ])('takes %s', (text, address) => {
    expect(parseMetricsAddress(text)).toEqual(address);
  });

  it.each([
    '0.0.0.0:1',
    '[::]:1',
    '10.0.0.1:1',
    'example.org:1',
    '127.0.0.1',
    '127.0.0.1:99999',
    ':80',
    'unix:m',
    '[127.0.0.1]:1',
  ])('refuses %s', (text) => {
    expect(parseMetricsAddress(text)).toBeUndefined();
  });
});

describe('preinstalledBy', () => {
  const whole = { NRI_PLUGIN_NAME: 'hooks', NRI_PLUGIN_IDX: '10', NRI_PLUGIN_SOCKET: '3' };

  it('knows a runtime by all three variables', () => {
    expect(preinstalledBy(whole)).toEqual({ identity: { name: 'hooks', index: '10' }, descriptor: 3 });
    for (const name of Object.keys(whole)) expect(preinstalledBy({ ...whole, [name]: undefined })).toBeUndefined();
    expect(preinstalledBy({ ...whole, NRI_PLUGIN_SOCKET: '/a' })).toBeUndefined();
  });
});

describe('the settings', () => {
  it('are empty for an empty text, and keep what is given', async () => {
    expect(await settingsFromText('x', '')).toEqual({});
    expect(await settingsFromText('x', 'onError: skip\nexempt: {namespaces: [a]}\n')).toEqual({
      onError: 'skip',
      exempt: { namespaces: ['a'] },
    });
  });

  it.each([
    ['index: 7\n', '/index'],
    ['index: "7"\n', '/index'],
    ['name: a b\n', '/name'],
    ['hooksDirs: [a]\n', '/hooksDirs/0'],
    ['exempt: {namespace: [a]}\n', '/exempt'],
    ['onEror: skip\n', ''],
  ])('%j is refused at %j', async (text, pointer) => {
    await expect(settingsFromText('x', text)).rejects.toMatchObject({
      diagnostics: [{ code: 'SETTING_VALUE', pointer }],
    });
  });
});

describe('the log', () => {
  it('writes lines in order, and says how many it dropped', async () => {
    const path = join(temporaryDirectory(), 'log');
    const descriptor = openSync(path, 'w');
    const { log, flush } = createLog(descriptor, () => new Date(0));
    const long = 'x'.repeat(600_000);
    log('info', 'a', long);
    log('info', 'b', long);
    await flush(5000);
    log('warning', 'c', 'short', { n: 1 });
    log('info', 'd', 'none is lost now');
    await flush(5000);
    closeSync(descriptor);
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ event }) => event)).toEqual(['a', 'c', 'd']);
    expect(lines[2]).not.toHaveProperty('droppedLines');
    expect(lines[1]).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warning',
      event: 'c',
      message: 'short',
      n: 1,
      droppedLines: 1,
    });
  });
});

describe('a plugin that has just started', () => {
  it('is not ready, and says why', () => {
    const state = createState(defaultSettings(), 'external', new Date(0));
    expect(notReadyReasons(state)).toEqual([
      'not registered with the runtime at /var/run/nri/nri.sock (connecting)',
      'no good catalog of definitions was loaded yet',
    ]);
  });

  it('escapes the names of definitions in its metrics', () => {
    const state = createState(defaultSettings(), 'external', new Date(0));
    state.counts.injected.set('a"\\\n.json', 2);
    expect(metricsText(state)).toContain('oci_hooks_nri_hooks_injected_total{definition="a\\"\\\\\\n.json"} 2\n');
  });
});

describe('a line of the log', () => {
  it('cuts what is long', () => {
    const pod = create(PodSandboxSchema, { name: 'n'.repeat(1000) });
    const doubt = {
      code: 'FILE_UNREADABLE',
      severity: 'error',
      path: 'p'.repeat(5000),
      args: { reason: 'r' },
    } as const;
    const record = decisionRecord({
      outcome: 'refused',
      entries: [],
      doubts: Array.from({ length: 100 }, () => doubt),
    });
    expect(JSON.stringify(record).length).toBeLessThan(100_000);
    expect(pod.name.length).toBe(1000);
  });
});
