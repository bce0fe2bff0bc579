import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OciState } from '../../src/core/oci/state.ts';
import type { Deed } from '../../src/helpers/resource-deed.ts';
import { doMove, planMoves } from '../../src/helpers/sandbox/overhead-moves.ts';
import { readOverheadRecord } from '../../src/helpers/sandbox/overhead-record.ts';
import { recordedPlacement } from '../../src/helpers/sandbox/place-threads.ts';
import { placeSandbox, type SandboxOverheadFlags } from '../../src/helpers/sandbox-overhead.ts';
import { cgroupBranches } from '../../src/linux/cgroup/branch.ts';
import { type Requirement, requires, root } from '../requirement.ts';
import { type StandIn, startStandIn } from '../vmm/stand-in.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const KILLED = fileURLToPath(new URL('../vmm/killed-helper.js', import.meta.url));

const PLACE = new Ajv({ strict: false }).compile(
  JSON.parse(readFileSync(new URL('../../schemas/cgroup-place.json', import.meta.url), 'utf8')),
);

const v1: Requirement = {
  name: 'controllers on cgroup v1',
  missing: () =>
    ['cpu', 'cpuset', 'devices'].every((name) => existsSync(`/sys/fs/cgroup/${name}/tasks`))
      ? undefined
      : 'needs the controllers cpu, cpuset and devices on cgroup v1 (the virtual machine has those of v2)',
};

/** Removes a cgroup: v1 calls it busy for some milliseconds after its last process has ended. */
async function removed(path: string): Promise<void> {
  for (let attempt = 0; existsSync(path); attempt++) {
    try {
      rmdirSync(path);
    } catch (error) {
      if (attempt > 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

requires([root, 'go', v1], () => {
  let directory: string;
  let name: string;
  let state: OciState;
  let machine: StandIn;
  let others: StandIn[];
  const flags = (more: Partial<SandboxOverheadFlags> = {}): SandboxOverheadFlags => ({
    cgroupOnly: false,
    threads: 'process',
    overheadCgroup: `/${name}-overhead`,
    selector: { patterns: [], tids: [] },
    shim: false,
    devices: 'kata',
    allowDevices: [],
    ...more,
  });
  const sandbox = (): string => `/${name}/pod/kata_c`;
  const overhead = (): string => `/${name}-overhead/${name}`;
  const hierarchies = (): string[] => cgroupBranches().map(({ mountPoint }) => mountPoint);
  const tasks = (hierarchy: string, path: string): number[] =>
    readFileSync(`${hierarchy}${path}/tasks`, 'utf8').split('\n').filter(Boolean).map(Number);
  const vcpus = (): number[] =>
    [...machine.threads()].flatMap(([thread, ids]) => (thread.startsWith('CPU ') ? ids : []));
  const rest = (): number[] =>
    [...machine.threads()].flatMap(([thread, ids]) => (thread.startsWith('CPU ') ? [] : ids));
  const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
  /** Its own directories alone: elsewhere in a hierarchy other tests make and remove theirs meanwhile. */
  const made = (): string[] =>
    hierarchies().flatMap((hierarchy) =>
      readdirSync(hierarchy)
        .filter((top) => top.startsWith(name))
        .flatMap((top) => [
          top,
          ...readdirSync(join(hierarchy, top), { recursive: true, encoding: 'utf8' })
            .map((path) => join(top, path))
            .filter((path) => statSync(join(hierarchy, path)).isDirectory()),
        ]),
    );
  const stopped = (): OciState => ({ ...state, status: 'stopped', pid: undefined });
  const cli = (...args: readonly string[]) => spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-overhead-'));
    name = directory.slice(directory.lastIndexOf('/') + 1);
    const linux = {
      cgroupsPath: `/${name}/pod/c`,
      resources: { cpu: { cpus: '0' }, devices: [{ allow: false, access: 'rwm' }] },
    };
    writeFileSync(join(directory, 'config.json'), JSON.stringify({ ociVersion: '1.0.2', linux }));
    machine = await startStandIn(directory, { helpers: 1 });
    others = [];
    state = { id: name, status: 'created', pid: machine.pid, bundle: directory, annotations: {} };
  });
  afterEach(async () => {
    for (const each of [machine, ...others]) await each.end();
    await placeSandbox(stopped(), flags());
    for (const hierarchy of hierarchies()) {
      for (const path of [overhead(), `/${name}-overhead`, sandbox(), `/${name}/pod`, `/${name}`]) {
        await removed(hierarchy + path);
      }
    }
    rmSync(directory, { recursive: true });
  });

  describe('with two cgroups on v1', () => {
    it('keeps vCPU threads apart from all else, in every hierarchy', async () => {
      await placeSandbox(state, flags());
      for (const hierarchy of hierarchies()) {
        expect(sorted(tasks(hierarchy, sandbox()))).toEqual(sorted(vcpus()));
        expect(tasks(hierarchy, overhead())).toEqual(expect.arrayContaining(rest()));
        // The helper that the monitor started has threads of its own there.
        expect(tasks(hierarchy, overhead()).length).toBeGreaterThan(rest().length);
      }
    });

    it("bounds the sandbox to its processors and to a monitor's devices, and the overhead to nothing", async () => {
      await placeSandbox(state, flags());
      const list = (path: string): string => readFileSync(`/sys/fs/cgroup/devices${path}/devices.list`, 'utf8');
      expect(readFileSync(`/sys/fs/cgroup/cpuset${sandbox()}/cpuset.cpus`, 'utf8')).toBe('0\n');
      expect(list(sandbox())).toContain('c 1:3 rwm\n');
      expect(list(sandbox())).not.toContain('a *:* rwm');
      expect(list(overhead())).toBe('a *:* rwm\n');
    });

    it('leaves alone what the administrator set on the overhead, and what was there before', async () => {
      const own = `/sys/fs/cgroup/pids${overhead()}`;
      mkdirSync(own, { recursive: true });
      writeFileSync(`/sys/fs/cgroup/pids/${name}-overhead/pids.max`, '500');
      writeFileSync(`${own}/pids.max`, '400');
      await placeSandbox(state, flags());
      expect(tasks('/sys/fs/cgroup/pids', overhead())).toEqual(expect.arrayContaining(rest()));
      await placeSandbox(stopped(), flags());
      expect(readFileSync(`/sys/fs/cgroup/pids/${name}-overhead/pids.max`, 'utf8')).toBe('500\n');
      expect(readFileSync(`${own}/pids.max`, 'utf8')).toBe('400\n');
    });

    it('refuses a cgroup that holds processes of others', async () => {
      const other = await startStandIn(directory, { style: 'firecracker' });
      others.push(other);
      const own = `/sys/fs/cgroup/pids${sandbox()}`;
      mkdirSync(own, { recursive: true });
      writeFileSync(`${own}/cgroup.procs`, String(other.pid));
      await expect(placeSandbox(state, flags())).rejects.toMatchObject({ code: 'CGROUP_OCCUPIED' });
    });

    it('takes no thread of another process for one of the guest, whatever its name', async () => {
      const other = await startStandIn(directory, { style: 'cloud-hypervisor' });
      others.push(other);
      await placeSandbox(state, flags());
      const cgroup = readFileSync(`/proc/${other.pid}/cgroup`, 'utf8');
      expect(cgroup).not.toContain(name);
      const foreign = other.threads().get('vcpu0')?.[0] ?? 0;
      const named = placeSandbox(state, flags({ selector: { patterns: [], tids: [foreign] } }));
      await expect(named).rejects.toMatchObject({ problems: [{ code: 'FIELD_TEXT', field: '--tid' }] });
      expect(readFileSync(`/proc/${foreign}/cgroup`, 'utf8')).not.toContain(name);
    });

    it('finds threads by a pattern, or by their numbers', async () => {
      await placeSandbox(state, flags({ selector: { patterns: ['^IO iothread[0-9]+$'], tids: [] } }));
      const io = machine.threads().get('IO iothread0') ?? [];
      expect(tasks('/sys/fs/cgroup/cpu', sandbox())).toEqual(io);
      const [first = 0] = vcpus();
      await placeSandbox(state, flags({ selector: { patterns: [], tids: [first] } }));
      expect(tasks('/sys/fs/cgroup/cpu', sandbox())).toEqual([first]);
    });

    it('places at poststart what has come since, and leaves the others where they are', async () => {
      await placeSandbox(state, flags());
      await machine.signal('SIGUSR1');
      const { deeds } = await placeSandbox({ ...state, status: 'running' }, flags());
      const moves = deeds.filter(([word]) => word.startsWith('move-'));
      const late = machine.threads().get('CPU 2/TCG')?.[0];
      expect(new Set(moves.map(([word, id]) => `${word} ${String(id)}`))).toEqual(new Set([`move-thread ${late}`]));
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
    });

    it('passes over a thread that ended between the look and the move', async () => {
      await placeSandbox(state, flags());
      await machine.signal('SIGUSR1');
      const moves = planMoves(await recordedPlacement(name, undefined, undefined));
      await machine.signal('SIGUSR2');
      const [move] = moves.filter(({ what }) => what === 'thread');
      expect(move).toBeDefined();
      // The thread goes when its goroutine does, not at the signal.
      while (move !== undefined && existsSync(`/proc/${machine.pid}/task/${move.id}`)) await new Promise(setImmediate);
      expect(move && doMove(move, { pid: machine.pid, startTime: move.process.startTime })).toBe(false);
    });
  });

  describe('with one cgroup', () => {
    it('puts everything into it, and loop devices are allowed', async () => {
      await placeSandbox(state, flags({ cgroupOnly: true }));
      for (const hierarchy of hierarchies()) {
        expect(tasks(hierarchy, sandbox())).toEqual(expect.arrayContaining([...vcpus(), ...rest()]));
        expect(existsSync(hierarchy + overhead())).toBe(false);
      }
      expect(readFileSync(`/sys/fs/cgroup/devices${sandbox()}/devices.list`, 'utf8')).toContain('b 7:* rwm');
    });

    it('changes to two cgroups when it is told so, and forgets the one', async () => {
      await placeSandbox(state, flags({ cgroupOnly: true }));
      await placeSandbox(state, flags());
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
    });
  });

  describe('at the end', () => {
    it('drains and removes what it made, and keeps the cgroup that sandboxes share', async () => {
      await placeSandbox(state, flags());
      await placeSandbox(stopped(), flags());
      expect([...new Set(made())]).toEqual([`${name}-overhead`]);
      expect(readFileSync(`/proc/${machine.pid}/cgroup`, 'utf8')).toContain(`:cpu:/${name}-overhead\n`);
      expect(readOverheadRecord(state)).toBeUndefined();
    });

    it('knows it by the monitor that is gone, where the state has no status', async () => {
      await placeSandbox(state, flags());
      await machine.end();
      await placeSandbox({ ...state, status: undefined }, flags());
      expect([...new Set(made())]).toEqual([`${name}-overhead`]);
    });

    it('is done when others have removed the cgroups', async () => {
      await placeSandbox(state, flags());
      await machine.end();
      for (const hierarchy of hierarchies())
        for (const path of [sandbox(), `/${name}/pod`]) await removed(hierarchy + path);
      await placeSandbox(stopped(), flags());
      expect([...new Set(made())]).toEqual([`${name}-overhead`]);
    });
  });

  describe('in a plain directory', () => {
    it('does to its files what it would do to cgroups, and takes it back', async () => {
      const plain = join(directory, 'plain');
      mkdirSync(plain);
      const inPlain = flags({ cgroupRoot: plain, threads: 'threaded' });
      const { deeds } = await placeSandbox(state, { ...inPlain, dryRun: true });
      expect(readdirSync(plain)).toEqual([]);
      expect(deeds).toContainEqual(['write', `${plain}${sandbox()}/vcpu/cgroup.type`, 'threaded']);
      expect(deeds).toContainEqual(['write', `${plain}${sandbox()}/vcpu/cpuset.cpus`, '0']);
      expect((await placeSandbox(state, inPlain)).deeds).toEqual(deeds);
      const read = (path: string): string => readFileSync(plain + sandbox() + path, 'utf8');
      expect(read('/vcpu/cgroup.type')).toBe('threaded\n');
      expect(read('/overhead/cgroup.procs').split('\n')).toContain(String(machine.pid));
      expect(sorted(read('/vcpu/cgroup.threads').split('\n').filter(Boolean).map(Number))).toEqual(sorted(vcpus()));
      await placeSandbox(stopped(), inPlain);
      expect(readdirSync(plain)).toEqual([]);
    });
  });

  describe('whose pid', () => {
    it('refuses an ordinary process, unless the administrator says that it is the one', async () => {
      const odd = await startStandIn(directory, { name: 'my-monitor' });
      others.push(odd);
      const its = { ...state, pid: odd.pid };
      await expect(placeSandbox(its, flags())).rejects.toMatchObject({ code: 'PROCESS_NOT_VMM' });
      await placeSandbox(its, flags({ sandbox: true }));
      expect(readFileSync(`/proc/${odd.pid}/cgroup`, 'utf8')).toContain(overhead());
    });

    it('takes a thread for the monitor that it belongs to', async () => {
      await placeSandbox({ ...state, pid: vcpus()[0] }, flags());
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
    });

    it('finds the monitor below the shim, and takes the shim along when it is asked to', async () => {
      const shim = await startStandIn(directory, { name: 'containerd-shim-kata-v2', vcpus: 0 });
      others.push(shim);
      await placeSandbox({ ...state, pid: shim.pid }, flags({ sandbox: true }));
      expect(readFileSync(`/proc/${shim.pid}/cgroup`, 'utf8')).toContain(overhead());
    });

    it('does nothing for a container whose sandbox is another', async () => {
      const annotations = { 'io.kubernetes.cri.container-type': 'container' };
      expect((await placeSandbox({ ...state, annotations }, flags())).deeds).toEqual([]);
    });
  });

  describe('annotations', () => {
    const asked = (): OciState => ({ ...state, annotations: { 'io.oci-hooks.sandbox-overhead.cgroup-only': 'true' } });
    const byAnnotation = (policy: string): SandboxOverheadFlags => {
      const { cgroupOnly: _, ...rest } = flags({ policy });
      return rest;
    };

    it('are refused without a policy, and followed under one', async () => {
      const policy = join(directory, 'policy.yaml');
      await expect(placeSandbox(asked(), byAnnotation(policy))).rejects.toMatchObject({
        diagnostics: [expect.objectContaining({ code: 'POLICY_REFUSED' })],
      });
      writeFileSync(policy, 'version: 1\nsandbox-overhead: { cgroup-only: true }\n');
      await placeSandbox(asked(), byAnnotation(policy));
      expect(existsSync(`/sys/fs/cgroup/cpu${overhead()}`)).toBe(false);
      expect(tasks('/sys/fs/cgroup/cpu', sandbox())).toEqual(expect.arrayContaining(rest()));
    });
  });

  describe('faults', () => {
    const killedAfter = (step: number) => {
      const { afterStep: _, ...rest } = flags();
      return spawnSync(process.execPath, [KILLED, JSON.stringify({ state, flags: rest }), String(step)], {
        encoding: 'utf8',
      });
    };

    it('a kill between any two steps is mended by the next start, and by poststop', async () => {
      let steps = 0;
      for (let step = 1; killedAfter(step).signal === 'SIGKILL'; step++) {
        steps = step;
        // Every other time it is not started again.
        if (step % 2 === 0) {
          await placeSandbox(state, flags());
          expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
        }
        await placeSandbox(stopped(), flags());
        expect([...new Set(made())].filter((path) => path !== `${name}-overhead`)).toEqual([]);
        expect(readOverheadRecord(state)).toBeUndefined();
      }
      expect(steps).toBeGreaterThan(20);
    }, 180_000);

    it('a monitor that dies in the middle leaves nothing behind', async () => {
      let ended: Promise<void> | undefined;
      const afterStep = (deed: Deed): void => {
        if (deed[0] === 'move-process') ended ??= machine.end();
      };
      const placed = placeSandbox(state, flags({ afterStep }));
      await Promise.allSettled([placed]);
      await ended;
      await placeSandbox(stopped(), flags());
      expect([...new Set(made())]).toEqual([`${name}-overhead`]);
    });

    it('a step that fails takes back those before', async () => {
      const afterStep = (deed: Deed): void => {
        if (deed[0] === 'allow-only') throw new Error('stop');
      };
      await expect(placeSandbox(state, flags({ afterStep }))).rejects.toThrow('stop');
      expect([...new Set(made())]).toEqual([`${name}-overhead`]);
      expect(readOverheadRecord(state)).toBeUndefined();
    });

    it('two sandboxes at once each get their own', async () => {
      const second = await startStandIn(directory, { style: 'cloud-hypervisor' });
      others.push(second);
      const bundle = join(directory, 'second');
      mkdirSync(bundle);
      const linux = { cgroupsPath: `/${name}/pod/d` };
      writeFileSync(join(bundle, 'config.json'), JSON.stringify({ linux }));
      const run = (one: OciState): Promise<number | null> => {
        const args = [
          'helper',
          'sandbox-overhead',
          '--cgroup-only',
          'false',
          '--quiet',
          '--overhead-cgroup',
          `/${name}-overhead`,
        ];
        const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ['pipe', 'inherit', 'inherit'] });
        child.stdin.end(JSON.stringify(one));
        return new Promise((resolve) => child.once('exit', resolve));
      };
      const two: OciState = { ...state, id: `${name}-2`, pid: second.pid, bundle };
      expect(await Promise.all([run(state), run(two)])).toEqual([0, 0]);
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
      expect(tasks('/sys/fs/cgroup/cpu', `/${name}/pod/kata_d`)).toHaveLength(2);
      await placeSandbox({ ...two, status: 'stopped' }, flags());
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
      await placeSandbox(stopped(), flags());
      // One above that the other still used when its maker went stays, as a cgroup that is shared does.
      const left = made().filter((path) => /kata_|-overhead\//.test(path));
      expect(left).toEqual([]);
    });
  });

  describe('several helpers at once for one sandbox', () => {
    const run = (one: OciState): Promise<number | null> => {
      const args = ['helper', 'sandbox-overhead', '--cgroup-only', 'false', '--quiet'];
      const child = spawn(process.execPath, [PROGRAM, ...args, '--overhead-cgroup', `/${name}-overhead`], {
        stdio: ['pipe', 'inherit', 'inherit'],
      });
      child.stdin.end(JSON.stringify(one));
      return new Promise((resolve) => child.once('exit', resolve));
    };

    it('leave no cgroup without a record', async () => {
      for (let round = 0; round < 3; round++) {
        expect(await Promise.all([run(state), run(state), run(state)])).toEqual([0, 0, 0]);
        expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
        await Promise.all([run(stopped()), run({ ...state, status: 'running' })]);
        await placeSandbox(stopped(), flags());
        expect([...new Set(made())]).toEqual([`${name}-overhead`]);
        expect(readOverheadRecord(state)).toBeUndefined();
      }
    }, 60_000);
  });

  describe('hooks cgroup place', () => {
    const watch = () => {
      const child = spawn(process.execPath, [PROGRAM, 'cgroup', 'place', name, '--watch', '--interval', '20'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const line = (): Promise<string> =>
        new Promise((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
      const ended = new Promise<{ status: number | null; said: string }>((resolve) => {
        let said = '';
        child.stderr.on('data', (chunk: Buffer) => {
          said += chunk.toString();
        });
        child.once('close', (status) => resolve({ status, said }));
      });
      return { child, line, ended };
    };

    it('places on request what has come since', async () => {
      await placeSandbox(state, flags());
      await machine.signal('SIGUSR1');
      const document = JSON.parse(cli('cgroup', 'place', name, '--dry-run', '--json').stdout);
      expect(PLACE(document)).toBe(true);
      const { deeds } = document;
      expect(deeds).toHaveLength(hierarchies().length);
      expect(cli('cgroup', 'place', name)).toMatchObject({ status: 0, stderr: '' });
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
      expect(cli('cgroup', 'place', name)).toMatchObject({ status: 0, stdout: '' });
    });

    it('takes a thread by its number besides those known by name, and no foreign one', async () => {
      await placeSandbox(state, flags());
      const [io = 0] = machine.threads().get('IO iothread0') ?? [];
      expect(cli('cgroup', 'place', name, '--tid', String(io)).status).toBe(0);
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted([...vcpus(), io]));
      const { status, stderr } = cli('cgroup', 'place', name, '--tid', '1');
      expect(status).toBe(1);
      expect(stderr).toContain('error FIELD_TEXT: --tid: 1 is not');
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted([...vcpus(), io]));
    });

    it('moves nobody for a pattern that matches no thread', async () => {
      await placeSandbox(state, flags());
      expect(cli('cgroup', 'place', name, '--thread-name', 'nothing').status).toBe(1);
      expect(sorted(tasks('/sys/fs/cgroup/cpu', sandbox()))).toEqual(sorted(vcpus()));
    });

    it('watches, and ends with the monitor', async () => {
      await placeSandbox(state, flags());
      const { line, ended } = watch();
      await machine.signal('SIGUSR1');
      expect(await line()).toContain('move-thread');
      await machine.end();
      expect(await ended).toMatchObject({ status: 0, said: expect.stringContaining('has ended') });
    });

    it('watches, and ends quietly when the sandbox is taken away', async () => {
      await placeSandbox(state, flags());
      const { line, ended } = watch();
      await machine.signal('SIGUSR1');
      await line();
      await placeSandbox(stopped(), flags());
      expect(await ended).toMatchObject({ status: 0, said: expect.stringContaining('has stopped') });
    });

    it('watches until SIGTERM', async () => {
      await placeSandbox(state, flags());
      const { child, line, ended } = watch();
      await machine.signal('SIGUSR1');
      await line();
      child.kill('SIGTERM');
      expect(await ended).toMatchObject({ status: 0, said: expect.stringContaining('a signal') });
    });

    it('says that nothing is recorded', () => {
      const { status, stderr } = cli('cgroup', 'place', `${name}-none`);
      expect(status).toBe(3);
      expect(stderr).toContain('RECORD_NONE');
    });
  });
});
