import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hooks } from '../hooks-program.ts';

const SCHEMA = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(new URL('../../schemas/cgroup-overhead.json', import.meta.url), 'utf8')),
);
const CONFIG = { linux: { resources: { memory: { limit: 536870912 }, cpu: { quota: 50000, period: 100000 } } } };
const CLASS =
  'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nhandler: kata\noverhead:\n  podFixed: {cpu: 250m, memory: 160Mi}\n';

describe('hooks cgroup overhead', () => {
  let directory: string;
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const overhead = (...args: readonly string[]) =>
    hooks([
      'cgroup',
      'overhead',
      file('config.json', JSON.stringify(CONFIG)),
      '--pod-overhead',
      file('class.yaml', CLASS),
      ...args,
    ]);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-pod-overhead-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it("says that Kata's default guest is too large, with the bytes that are missing", () => {
    const { status, stdout } = overhead();
    expect(status).toBe(1);
    expect(stdout).toContain('pod cgroup: cpu.max 75000 100000, memory.max 704643072');
    expect(stdout).toContain('2684354560 bytes do not go into 704643072, 1979711488 are missing');
    expect(stdout).toContain('answer: neither fits');
  });

  it('answers for one setting, or names the one to choose', () => {
    const small = ['--guest-memory', '128Mi', '--monitor-memory', '20Mi', '--helpers-memory', '13Mi'];
    expect(overhead(...small).stdout).toContain('answer: --cgroup-only false\n');
    expect(overhead(...small, '--cgroup-only', 'true').status).toBe(1);
    expect(overhead(...small, '--cgroup-only', 'false').status).toBe(0);
  });

  it("takes the guest's size from Kata's annotations", () => {
    const annotations = {
      'io.katacontainers.config.hypervisor.default_memory': '64',
      'io.katacontainers.config.hypervisor.default_vcpus': '2',
    };
    const config = file('annotated.json', JSON.stringify({ ...CONFIG, annotations }));
    const { status, stdout } = hooks(['cgroup', 'overhead', config, '--pod-overhead', file('c.yaml', CLASS), '--json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout).machine).toMatchObject({ guestMemory: 67108864, guestCpus: 2 });
  });

  it('passes over the pause container of a pod, and says so', () => {
    const annotations = { 'io.kubernetes.cri.container-type': 'sandbox' };
    const config = file('config.json', JSON.stringify(CONFIG));
    const pause = file('pause.json', JSON.stringify({ annotations, linux: {} }));
    const { stdout, stderr } = hooks(['cgroup', 'overhead', pause, config, '--pod-overhead', file('c.yaml', CLASS)]);
    expect(stdout).toContain('cpu.max 75000 100000, memory.max 704643072');
    expect(stderr).toContain(pause);
    expect(hooks(['cgroup', 'overhead', pause, '--pod-overhead', file('c.yaml', CLASS)]).status).toBe(1);
  });

  it.each([
    ['linux.resources.memory.limit', { linux: { resources: { memory: { limit: -7 } } } }],
    ['linux.resources.memory.limit', { linux: { resources: { memory: { limit: 'x' } } } }],
    ['linux.resources.cpu.quota', { linux: { resources: { cpu: { quota: 1e30 } } } }],
    ['linux.resources.cpu.period', { linux: { resources: { cpu: { quota: 1, period: 0 } } } }],
    ['default_memory', { annotations: { 'io.katacontainers.config.hypervisor.default_memory': '2Gi' } }],
  ])('takes no senseless value for none: %s %j', (field, config) => {
    const path = file('odd.json', JSON.stringify(config));
    const { status, stderr } = hooks(['cgroup', 'overhead', path, '--pod-overhead', file('c.yaml', CLASS)]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/FIELD_(TYPE|RANGE|TEXT)/);
    expect(stderr).toContain(field);
  });

  it.each(['256', '0', '1m'])('takes --guest-memory %s for a slip of the unit', (size) => {
    const { status, stderr } = overhead('--guest-memory', size);
    expect(status).toBe(2);
    expect(stderr).toContain('256Mi');
  });

  it('takes a pod overhead of thousandths of a byte for a slip of the unit', () => {
    const small = file('small.yaml', 'overhead: {podFixed: {memory: 400m}}');
    const config = file('config.json', JSON.stringify(CONFIG));
    const { status, stderr } = hooks(['cgroup', 'overhead', config, '--pod-overhead', small]);
    expect(status).toBe(1);
    expect(stderr).toContain('FIELD_RANGE');
  });

  it('gives the same as data', () => {
    const document = JSON.parse(overhead('--json').stdout);
    expect(SCHEMA(document)).toBe(true);
    expect(document).toMatchObject({ fits: false, cgroupOnly: null, pod: { memory: 704643072, cpuQuotaUs: 75000 } });
  });

  it('names what is wrong with the sizes', () => {
    const config = file('config.json', JSON.stringify(CONFIG));
    const bad = file('bad.json', '{"overhead":{"podFixed":{"cpu":"a lot"}}}');
    const { status, stderr } = hooks(['cgroup', 'overhead', config, '--pod-overhead', bad]);
    expect(status).toBe(1);
    expect(stderr).toContain('FIELD_TEXT');
    expect(stderr).toContain('overhead.podFixed.cpu');
    const refused = hooks(['cgroup', 'overhead', config, '--pod-overhead', bad, '--json']);
    expect(SCHEMA(JSON.parse(refused.stdout))).toBe(true);
    expect(hooks(['cgroup', 'overhead', config, '--pod-overhead', file('x.yaml', ': [')]).status).toBe(1);
    expect(hooks(['cgroup', 'overhead', config, '--pod-overhead', join(directory, 'none')]).status).toBe(3);
    expect(overhead('--guest-memory', 'much').status).toBe(2);
  });
});
