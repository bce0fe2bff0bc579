import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function schema(name: string): ValidateFunction {
  return new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), 'utf8')),
  );
}

const SCHEMAS = { plan: schema('cgroup-plan'), path: schema('cgroup-path'), apply: schema('cgroup-apply') };

/** Runs `hooks cgroup VERB ... --json` and gives its status and its document, which has the shape of its schema. */
function cgroup(verb: keyof typeof SCHEMAS, args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'cgroup', verb, ...args, '--json'], {
    encoding: 'utf8',
    input,
  });
  const document = stdout === '' ? undefined : JSON.parse(stdout);
  // For wrong usage and a system that refuses, it is the document of schemas/error.json.
  if (document !== undefined && (status === 0 || status === 1)) {
    SCHEMAS[verb](document);
    expect(SCHEMAS[verb].errors ?? []).toEqual([]);
  }
  return { status, document, stderr };
}

describe('hooks cgroup plan', () => {
  const plan = (resources: string, ...args: readonly string[]) =>
    cgroup('plan', ['--resources', '-', ...args], resources);

  it('prints writes, properties, what is ignored and errors', () => {
    const { status, document } = plan(
      '{"memory":{"limit":-1,"swappiness":5},"cpu":{"shares":1024}}',
      '--systemd',
      '252',
    );
    expect(status).toBe(0);
    expect(document).toEqual({
      schemaVersion: 1,
      writes: [
        ['memory.swap.max', 'max'],
        ['memory.max', 'max'],
        ['cpu.weight', '100'],
      ],
      properties: [
        ['MemoryMax', 't', '18446744073709551615'],
        ['MemorySwapMax', 't', '18446744073709551615'],
        ['CPUWeight', 't', 100],
      ],
      ignored: [{ field: 'memory.swappiness', reason: expect.any(String) }],
      errors: [],
    });
  });

  it('follows its flags', () => {
    const { document } = plan(
      '{"cpu":{"shares":1024},"blockIO":{"weight":100}}',
      ...['--dialect', 'crun', '--weight-formula', 'linear', '--bfq'],
    );
    expect(document.writes).toEqual([
      ['cpu.weight', '39'],
      ['io.bfq.weight', '100'],
    ]);
    expect(plan('{"cpu":{"shares":1024}}', '--cgroup', '1').document.writes).toEqual([['cpu.shares', '1024']]);
  });

  it('keeps every digit of 64-bit numbers', () => {
    const { document } = plan('{"hugepageLimits":[{"pageSize":"2MB","limit":18446744073709551615}]}');
    expect(document.writes[0]).toEqual(['hugetlb.2MB.max', '18446744073709551615']);
  });

  it('exits 1 with errors, 2 for wrong usage, 3 for a file that cannot be read', () => {
    const { status, document } = plan('{"memory":{"limit":2,"swap":1}}');
    expect(status).toBe(1);
    expect(document).toMatchObject({ writes: [], errors: [{ code: 'SWAP_BELOW_LIMIT', field: 'memory.swap' }] });
    expect(plan('{"a":').document.errors).toMatchObject([{ code: 'JSON_INVALID' }]);
    expect(cgroup('plan', []).status).toBe(2);
    expect(plan('{}', '--cgroup', '3').status).toBe(2);
    expect(plan('{}', '--systemd', 'new').status).toBe(2);
    expect(cgroup('plan', ['--resources', '/none/there']).status).toBe(3);
  });
});

describe('hooks cgroup path', () => {
  it('prints path, slice and unit', () => {
    const args = ['--cgroups-path', 'kubepods-podx.slice:cri-containerd:c', '--id', 'c'];
    expect(cgroup('path', args)).toMatchObject({
      status: 0,
      document: {
        schemaVersion: 1,
        path: '/kubepods.slice/kubepods-podx.slice/cri-containerd-c.scope',
        slice: 'kubepods-podx.slice',
        unit: 'cri-containerd-c.scope',
      },
    });
    expect(cgroup('path', ['--cgroups-path', '/a/b', '--id', 'c']).document).toEqual({
      schemaVersion: 1,
      path: '/a/b',
      slice: null,
      unit: null,
    });
  });

  it('takes the user of --uid for --rootless', () => {
    const args = ['--cgroups-path', '', '--id', 'c', '--driver', 'systemd', '--rootless', '--uid', '1000'];
    expect(cgroup('path', args).document.path).toBe(
      '/user.slice/user-1000.slice/user@1000.service/user.slice/runc-c.scope',
    );
  });

  it('prints mode and directories of a process', () => {
    const { status, document } = cgroup('path', ['--pid', String(process.pid)]);
    expect(status).toBe(0);
    expect(Object.values(document.directories)).not.toEqual([]);
    expect(document.mode).toMatch(/^(unified|hybrid|v1)$/);
  });

  it('exits 1 for a path that climbs, 2 without one, 3 for a process that is gone', () => {
    const { status, document } = cgroup('path', ['--cgroups-path', '/a/../../b', '--id', 'c']);
    expect(status).toBe(1);
    expect(document).toMatchObject({ path: null, errors: [{ code: 'CGROUPS_PATH_CLIMBS' }] });
    expect(cgroup('path', []).status).toBe(2);
    expect(cgroup('path', ['--pid', '1', '--id', 'x']).status).toBe(2);
    expect(cgroup('path', ['--pid', '4194305']).document.error.code).toBe('PROCESS_GONE');
  });
});

describe('hooks cgroup apply --cgroup-root', () => {
  let root: string;
  const file = (name: string): string => readFileSync(join(root, 'a/b', name), 'utf8');
  const apply = (resources: string, ...args: readonly string[]) =>
    cgroup('apply', ['--resources', '-', '--cgroup-root', root, '--path', '/a/b', ...args], resources);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hooks-cgroup-'));
    mkdirSync(join(root, 'a/b'), { recursive: true });
    for (const [name, text] of Object.entries({ 'memory.max': 'max\n', 'pids.max': '50\n', 'cpu.weight': '100\n' })) {
      writeFileSync(join(root, 'a/b', name), text);
    }
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it('writes the values and reports what they were before', () => {
    const { status, document } = apply('{"memory":{"limit":4096},"pids":{"limit":7}}');
    expect(status).toBe(0);
    expect(document.applied).toEqual([
      { directory: join(root, 'a/b'), file: 'pids.max', old: '50', value: '7' },
      { directory: join(root, 'a/b'), file: 'memory.max', old: 'max', value: '4096' },
    ]);
    expect([file('memory.max'), file('pids.max')]).toEqual(['4096', '7']);
  });

  it('changes nothing for --dry-run, nor with an error in the plan', () => {
    expect(apply('{"pids":{"limit":7}}', '--dry-run').document).toMatchObject({
      writes: [['pids.max', '7']],
      path: '/a/b',
      unit: null,
    });
    expect(apply('{"pids":{"limit":7},"memory":{"swap":5}}').status).toBe(1);
    expect(file('pids.max')).toBe('50\n');
  });

  it('takes everything back when one file is not there, and exits 3', () => {
    const { status, document } = apply('{"pids":{"limit":7},"memory":{"limit":1,"reservation":1}}');
    expect(status).toBe(3);
    expect(document.error).toMatchObject({ code: 'CGROUP_WRITE' });
    expect(document.left).toEqual([]);
    expect([file('pids.max'), file('memory.max')]).toEqual(['50', 'max']);
  });

  it('goes through no link and stays out of the root', () => {
    symlinkSync(join(root, 'a'), join(root, 'link'));
    const at = (path: string) =>
      cgroup('apply', ['--resources', '-', '--cgroup-root', root, '--path', path], '{"pids":{"limit":7}}');
    expect(at('/link/b').document.error.code).toBe('CGROUP_LINK');
    expect(at('/').document.error.code).toBe('CGROUP_ROOT');
    expect(at('/a/../a/b').status).toBe(2);
    expect(file('pids.max')).toBe('50\n');
  });

  it('lays out v1 where the directory has controllers at its top', () => {
    mkdirSync(join(root, 'pids/a/b'), { recursive: true });
    writeFileSync(join(root, 'pids/a/b/pids.max'), 'max\n');
    expect(apply('{"pids":{"limit":7}}').status).toBe(0);
    expect(readFileSync(join(root, 'pids/a/b/pids.max'), 'utf8')).toBe('7');
  });
});
