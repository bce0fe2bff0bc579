import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv, type ValidateFunction } from 'ajv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ATTACH,
  attachProgram,
  BYTE_ORDER,
  loadProgram,
  openProgram,
  withProgram,
} from '../../src/linux/bpf/bpf-call.ts';
import { attachedPrograms } from '../../src/linux/bpf/cgroup-programs.ts';
import { DEFAULT_RULES } from '../../src/linux/bpf/default-rules.ts';
import { readRules } from '../../src/linux/bpf/dialect.ts';
import { decodeProgram } from '../../src/linux/bpf/instruction.ts';
import { interpret } from '../../src/linux/bpf/interpret.ts';
import type { OpenCgroup } from '../../src/linux/cgroup/open-cgroup.ts';
import { runtimeLayout } from '../oracle/runtime-layout.ts';
import { requires, root } from '../requirement.ts';
import { bunProgram } from './bun.ts';
import { cgroupV2, devices, makeCgroup, opens, removeCgroup } from './device-box.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function schema(name: string): ValidateFunction {
  return new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(new URL(`../../schemas/${name}.json`, import.meta.url), 'utf8')),
  );
}

const SCHEMAS = { compile: schema('devices-compile'), show: schema('devices-show'), set: schema('devices-set') };

function run(args: readonly string[], input = '') {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', input, env: { NO_COLOR: '1' } });
}

/** Runs a command with --json and gives its document, which has the shape of its schema. */
function json(shape: keyof typeof SCHEMAS, args: readonly string[], input = '') {
  const { status, stdout, stderr } = run([...args, '--json'], input);
  const document = JSON.parse(stdout);
  SCHEMAS[shape](document);
  expect(SCHEMAS[shape].errors ?? []).toEqual([]);
  return { status, document, stderr };
}

describe('hooks devices compile', () => {
  const FUSE = '[{"allow":true,"type":"c","major":10,"minor":229,"access":"rw"}]';

  it('gives a program that decides as the rules', () => {
    const { status, document } = json('compile', ['devices', 'compile', '--rules', '-'], FUSE);
    expect(status).toBe(0);
    const program = decodeProgram(Buffer.from(document.program, 'base64'), BYTE_ORDER);
    expect(program).toHaveLength(document.instructions);
    const open = (minor: number) => interpret(program, { type: 'c', major: 10, minor, access: 6 }, BYTE_ORDER);
    expect([open(229), open(237)]).toEqual([true, false]);
  });

  it('keeps the default list at 22 instructions', () => {
    const { document } = json('compile', ['devices', 'compile', '--rules', '-', '--defaults', 'runc'], '[]');
    expect(document.instructions).toBe(22);
  });

  it('prints a listing with comments', () => {
    const { stdout } = run(['devices', 'compile', '--rules', '-'], FUSE);
    expect(stdout.split('\n')[0]).toMatch(/^ 0: r2 = \*\(u16 \*\)\(r1 \+ \d\) +; type: 1 block, 2 character$/);
  });

  it.each([
    [
      'a hole that runc cannot make',
      '[{"allow":true,"type":"c","major":1,"access":"rw"},{"allow":false,"type":"c","major":1,"minor":3,"access":"r"}]',
      'DEVICE_RULE_REFUSED',
      '[1]',
    ],
    ['text that is no JSON', '[', 'JSON_INVALID', '<stdin>'],
    ['an object', '{}', 'DEVICE_RULES_NOT_LIST', 'rules'],
    ['a type that is none', '[{"allow":true,"type":"d","access":"r"}]', 'FIELD_TEXT', '[0].type'],
    ['a number as text', '[{"allow":true,"type":"c","major":"1","access":"r"}]', 'FIELD_TYPE', '[0].major'],
  ])('refuses %s', (_, rules, code, field) => {
    const { status, document } = json('compile', ['devices', 'compile', '--rules', '-'], rules);
    expect(status).toBe(1);
    expect(document.errors[0]).toMatchObject({ code, field });
  });

  it('lets crun make the hole', () => {
    const rules =
      '[{"allow":true,"type":"c","major":1,"access":"rw"},{"allow":false,"type":"c","major":1,"minor":3,"access":"r"}]';
    expect(json('compile', ['devices', 'compile', '--rules', '-', '--dialect', 'crun'], rules).status).toBe(0);
  });

  it('wants a file of rules', () => {
    expect(run(['devices', 'compile']).status).toBe(2);
    expect(run(['devices', 'compile', '--rules', '/nowhere/rules.json']).status).toBe(3);
  });
});

describe('hooks devices', () => {
  it.each([
    [['devices', 'allow', '/dev/null']],
    [['devices', 'allow', '--pid', '1', '--cgroup', '/x', '/dev/null']],
    [['devices', 'allow', '--pid', 'x', '/dev/null']],
    [['devices', 'allow', '--pid', '1', '--access', 'rx', '/dev/null']],
    [['devices', 'deny', '--cgroup', '/a/../b', '/dev/null']],
    [['devices', 'allow', '--pid', '1', 'fuse']],
    [['devices', 'allow', '--pid', '1', '4096:0']],
    [['devices', 'show']],
  ])('calls %j wrong usage', (args) => {
    expect(run(args).status).toBe(2);
  });
});

requires([root, cgroupV2, devices, 'setpriv'], () => {
  let cgroup: OpenCgroup;
  let sleeper: ChildProcess;

  beforeEach(() => {
    cgroup = makeCgroup('cli');
    sleeper = spawn('sleep', ['100'], { stdio: 'ignore' });
    cgroup.write('cgroup.procs', String(sleeper.pid));
    const rules = readRules(DEFAULT_RULES.runc, 'runc');
    if ('refused' in rules) throw new Error(rules.refused);
    const loaded = loadProgram(runtimeLayout(rules.list, 'runc'), { name: '' });
    if (typeof loaded !== 'number') throw new Error(`errno ${loaded.errno}`);
    withProgram(loaded, (program) => expect(attachProgram(cgroup.descriptor, program, ATTACH.MULTI)).toBe(0));
  });

  afterEach(async () => {
    await end(sleeper);
    removeCgroup(cgroup);
  });

  async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  it('shows what a program lets open, allows and denies', () => {
    const pid = String(sleeper.pid);
    const rules = () =>
      json('show', ['devices', 'show', '--pid', pid]).document.cgroups[0].programs.map(
        (program: { from: string; rules: object[] }) => [program.from, program.rules.length],
      );
    expect(rules()).toEqual([['runc', 11]]);
    expect(json('set', ['devices', 'allow', '--pid', pid, '/dev/fuse']).document.deeds[0]).toMatchObject({
      how: 'lifted',
    });
    expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([true, false]);
    expect(rules()).toEqual([['own', 12]]);
    expect(
      json('set', ['devices', 'deny', '--cgroup', cgroup.place.path, '/dev/fuse']).document.deeds[0],
    ).toMatchObject({ how: 'added' });
    expect(opens(cgroup, '/dev/fuse')).toBe(false);
    expect(rules()).toEqual([
      ['own', 12],
      ['own', 1],
    ]);
  });

  it('does the same under Bun, as in the executable', () => {
    const args = [PROGRAM, 'devices', 'allow', '--cgroup', cgroup.place.path, '/dev/fuse', '--json'];
    const { stdout, stderr } = spawnSync(bunProgram(), args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout).deeds[0]).toMatchObject({ do: 'widen', how: 'lifted' });
    expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([true, false]);
  });

  it('prints a table', () => {
    const { stdout } = run(['devices', 'show', '--cgroup', cgroup.place.path]);
    expect(stdout).toMatch(/program \d+ by runc: deny by default\n {4}allow c \*:\* m\n {4}allow c 1:3 rwm\n/);
  });

  it('says which capabilities are missing, and overrides what it may not read', () => {
    const without = (capabilities: string, verb: 'allow' | 'deny') => {
      const command = [process.execPath, PROGRAM, 'devices', verb, '--cgroup', cgroup.place.path, '/dev/fuse'];
      return spawnSync('setpriv', [`--bounding-set=${capabilities}`, ...command], { encoding: 'utf8' });
    };
    expect(without('-sys_admin,-bpf', 'deny')).toMatchObject({ status: 3, stderr: expect.stringContaining('CAP_BPF') });
    expect(opens(cgroup, '/dev/fuse')).toBe(false);
    expect(without('-sys_admin', 'allow').stdout).toContain('overridden');
    expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([true, false]);
    expect(without('-sys_admin', 'deny').stdout).toContain('added');
    expect(opens(cgroup, '/dev/fuse')).toBe(false);
  });

  it('changes nothing in a dry run', () => {
    const before = attachedPrograms(cgroup).ids;
    const { document } = json('set', ['devices', 'allow', '--cgroup', cgroup.place.path, '/dev/fuse', '--dry-run']);
    expect(document.deeds).toEqual([{ do: 'widen', cgroup: cgroup.directory, devices: ['c 10:229 rw (/dev/fuse)'] }]);
    expect(attachedPrograms(cgroup).ids).toEqual(before);
  });

  it('warns of a glob that fits nothing, or refuses it', () => {
    const args = ['devices', 'allow', '--cgroup', cgroup.place.path, '/dev/no-such*'];
    expect(run(args)).toMatchObject({ status: 0, stderr: expect.stringContaining('no device fits') });
    expect(run([...args, '--require']).status).toBe(3);
  });

  it('does not give what a cgroup above denies', () => {
    const inner = makeCgroupIn(cgroup);
    const { status, stderr } = run(['devices', 'allow', '--cgroup', inner, '/dev/fuse']);
    expect({ status, stderr }).toMatchObject({ status: 3, stderr: expect.stringContaining('DEVICE_DENIED_ABOVE') });
    expect(opens(cgroup, '/dev/fuse')).toBe(false);
  });

  it.each([
    [
      'a process that is gone',
      'PROCESS_GONE',
      async () => {
        await end(sleeper);
        return ['--pid', String(sleeper.pid)];
      },
    ],
    ['the root cgroup', 'CGROUP_ROOT', async () => ['--cgroup', '/']],
    ['a process in the root cgroup', 'CGROUP_ROOT', async () => ['--pid', String(process.pid)]],
    ['a cgroup that is not there', 'CGROUP_NOT_FOUND', async () => ['--cgroup', '/hooks-test-nowhere']],
  ])('refuses %s and attaches nothing', async (_, code, target) => {
    const args = await target();
    const before = attachedPrograms(cgroup).ids;
    const { status, stderr } = run(['devices', 'allow', ...args, '/dev/fuse']);
    expect(stderr).toContain(code);
    expect(status).toBe(3);
    expect(attachedPrograms(cgroup).ids).toEqual(before);
  });

  describe('hooks helper devices', () => {
    let bundle: string;

    beforeEach(() => {
      bundle = mkdtempSync(join(tmpdir(), 'hooks-helper-'));
      writeFileSync(join(bundle, 'config.json'), '{}');
    });

    afterEach(() => {
      rmSync(bundle, { recursive: true });
    });

    const state = (more: object) =>
      JSON.stringify({ ociVersion: '1.0.2', id: 'test', status: 'created', bundle, ...more });

    it('answers 0 or 1, with the reason on standard error', () => {
      const allow = ['helper', 'devices', '--allow', '/dev/fuse'];
      expect(run(allow, state({ pid: sleeper.pid }))).toMatchObject({ status: 0, stdout: '', stderr: '' });
      expect(opens(cgroup, '/dev/fuse')).toBe(true);
      expect(run(allow, state({ pid: 0 }))).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('PROCESS_NONE'),
      });
      expect(run(allow, 'x')).toMatchObject({ status: 1, stderr: expect.stringContaining('STATE_INVALID') });
    });

    it('has nothing to do for a container that asks for nothing', () => {
      expect(run(['helper', 'devices'], state({ pid: sleeper.pid }))).toMatchObject({ status: 0, stderr: '' });
    });

    it('says which line the policy lacks', () => {
      const policy = join(bundle, 'policy.yaml');
      const annotations = { 'io.oci-hooks.devices.allow': '/dev/fuse' };
      const { status, stderr } = run(
        ['helper', 'devices', '--policy', policy],
        state({ pid: sleeper.pid, annotations }),
      );
      expect(status).toBe(1);
      expect(stderr).toContain(`${policy}: error POLICY_REFUSED`);
      expect(stderr).toContain('devices: { allow: ["/dev/fuse"] }');
    });

    it.each([
      ['a key that is unknown', 'version: 1\ndevice: {}\n', ':1:1: error POLICY_VALUE'],
      ['a text for a list', 'version: 1\ndevices:\n  allow: /dev/fuse\n', ':3:10: error POLICY_VALUE'],
      ['text that is no YAML', 'version: [\n', 'error YAML_SYNTAX'],
      ['no version', 'devices: {}\n', 'error POLICY_VALUE'],
    ])('refuses a policy with %s', (_, text, expected) => {
      const policy = join(bundle, 'policy.yaml');
      writeFileSync(policy, text);
      const annotations = { 'io.oci-hooks.devices.allow': '/dev/fuse' };
      const { status, stderr } = run(
        ['helper', 'devices', '--policy', policy],
        state({ pid: sleeper.pid, annotations }),
      );
      expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining(expected) });
    });

    it('refuses a policy that others may write', () => {
      const policy = join(bundle, 'policy.yaml');
      writeFileSync(policy, 'version: 1\ndevices: { allow: ["/dev/fuse"] }\n', { mode: 0o666 });
      spawnSync('chmod', ['666', policy]);
      const annotations = { 'io.oci-hooks.devices.allow': '/dev/fuse' };
      const { status, stderr } = run(
        ['helper', 'devices', '--policy', policy],
        state({ pid: sleeper.pid, annotations }),
      );
      expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining('PERMISSION_UNSAFE') });
      expect(existsSync(policy)).toBe(true);
    });
  });

  it('leaves no program behind: neither the one replaced nor, with the cgroup, its own', async () => {
    const other = makeCgroup('gone');
    run(['devices', 'deny', '--cgroup', other.place.path, '/dev/fuse']);
    const [replaced = 0] = attachedPrograms(cgroup).ids;
    const [own = 0] = attachedPrograms(other).ids;
    expect(json('set', ['devices', 'allow', '--cgroup', cgroup.place.path, '/dev/fuse']).document.deeds[0].how).toBe(
      'lifted',
    );
    removeCgroup(other);
    // The kernel frees programs when nobody looks at them any more, a moment later.
    await vi.waitFor(() => expect([isLoaded(replaced), isLoaded(own)]).toEqual([false, false]), { timeout: 5000 });
  });
});

function isLoaded(id: number): boolean {
  const descriptor = openProgram(id);
  if (descriptor >= 0) closeSync(descriptor);
  return descriptor >= 0;
}

function makeCgroupIn(cgroup: OpenCgroup): string {
  spawnSync('mkdir', [`${cgroup.directory}/inner`]);
  return `${cgroup.place.path}/inner`;
}
