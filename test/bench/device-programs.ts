// Measures device programs against the layout of runc, in one run so that the ratios mean something: the time the kernel
// takes to load one, the time a process takes to open a device under one, and the whole helper against bpftool.
// Usage, as root on a little-endian machine with cgroup2 and bpffs:  npm run build && npx bun test/bench/device-programs.ts
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ATTACH, attachProgram, BYTE_ORDER, loadProgram, withProgram } from '../../src/linux/bpf/bpf-call.ts';
import { DEFAULT_RULES } from '../../src/linux/bpf/default-rules.ts';
import type { DeviceList } from '../../src/linux/bpf/device-list.ts';
import { readRules } from '../../src/linux/bpf/dialect.ts';
import { generateFromList } from '../../src/linux/bpf/generate.ts';
import { encodeProgram, type Instruction } from '../../src/linux/bpf/instruction.ts';
import { OpenCgroup } from '../../src/linux/cgroup/open-cgroup.ts';
import { V2_MOUNT } from '../integration/device-box.ts';
import { mixedRules } from '../oracle/rule-sets.ts';
import { runtimeLayout } from '../oracle/runtime-layout.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const ROUNDS = 15;

function listOf(count: number): DeviceList {
  const result = readRules([...mixedRules(count), ...DEFAULT_RULES.runc], 'runc');
  if ('refused' in result) throw new Error(result.refused);
  return result.list;
}

function load(program: readonly Instruction[]): number {
  const loaded = loadProgram(program, { name: 'oci_hooks_bench' });
  if (typeof loaded !== 'number') throw new Error(`errno ${loaded.errno}`);
  return loaded;
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

function milliseconds(deed: () => void): number {
  const start = performance.now();
  deed();
  return performance.now() - start;
}

/** Takes turns, so that a slow moment of the machine hits both. */
function compare(ours: () => number, theirs: () => number, rounds = ROUNDS): [ours: number, theirs: number] {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    times[0].push(ours());
    times[1].push(theirs());
  }
  return [median(times[0]), median(times[1])];
}

function report(what: string, unit: string, [ours, theirs]: [number, number]): void {
  const ratio = theirs / ours;
  console.log(
    `${what.padEnd(46)} ${ours.toFixed(3).padStart(9)} ${theirs.toFixed(3).padStart(9)} ${unit}  ${ratio.toFixed(2)}x`,
  );
}

console.log(`${''.padEnd(46)} ${'hooks'.padStart(9)} ${'peer'.padStart(9)}     peer/hooks`);
for (const count of [0, 50, 200]) {
  const list = listOf(count);
  const [own, runc] = [generateFromList(list, BYTE_ORDER), runtimeLayout(list, 'runc')];
  const time = (program: readonly Instruction[]) => () => milliseconds(() => closeSync(load(program)));
  report(`load, default list + ${count} rules (peer: runc)`, 'ms', compare(time(own), time(runc)));
}

const cgroups = ['ours', 'theirs'].map((name) => {
  const path = `/hooks-bench-${process.pid}-${name}`;
  mkdirSync(`${V2_MOUNT}${path}`);
  return OpenCgroup.open({ mountPoint: V2_MOUNT ?? '', path });
});
const [first, second] = cgroups;
if (first === undefined || second === undefined) throw new Error('no cgroup');
const home = OpenCgroup.open({ mountPoint: V2_MOUNT ?? '', path: '/' });
const scratch = mkdtempSync(join(tmpdir(), 'hooks-bench-'));
const pin = `/sys/fs/bpf/hooks-bench-${process.pid}`;
try {
  const list = listOf(200);
  const programs = [generateFromList(list, BYTE_ORDER), runtimeLayout(list, 'runc')];
  for (const [index, cgroup] of [first, second].entries()) {
    withProgram(load(programs[index] ?? []), (program) => attachProgram(cgroup.descriptor, program, ATTACH.MULTI));
  }
  const opening = (cgroup: OpenCgroup, path: string) => () => {
    cgroup.write('cgroup.procs', String(process.pid));
    const time = milliseconds(() => {
      for (let turn = 0; turn < 20_000; turn++) {
        try {
          closeSync(openSync(path, 'r+'));
        } catch {
          // Denied: that is what takes longest to find out.
        }
      }
    });
    home.write('cgroup.procs', String(process.pid));
    return time / 20;
  };
  for (const [what, path] of [
    ['allowed', '/dev/null'],
    ['denied', '/dev/fuse'],
  ] as const) {
    report(`open, 200 rules, ${what} (peer: runc)`, 'us', compare(opening(first, path), opening(second, path), 7));
  }

  const object = join(scratch, 'filter.o');
  const { bpfObject } = await import('./bpf-object.ts');
  writeFileSync(object, bpfObject(encodeProgram(generateFromList(listOf(0), BYTE_ORDER), BYTE_ORDER)));
  const run = (program: string, args: readonly string[]): void => {
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  };
  const fresh = (deed: (directory: string, path: string) => void) => () => {
    const path = `/hooks-bench-${process.pid}-fresh`;
    const directory = `${V2_MOUNT}${path}`;
    mkdirSync(directory);
    try {
      return milliseconds(() => deed(directory, path));
    } finally {
      rmdirSync(directory);
    }
  };
  const bpftool = fresh((directory) => {
    run('bpftool', ['prog', 'load', object, pin, 'type', 'cgroup/dev']);
    run('bpftool', ['cgroup', 'attach', directory, 'device', 'pinned', pin, 'multi']);
    unlinkSync(pin);
  });
  const deny = (program: string) =>
    fresh((_, path) => run(program, [PROGRAM, 'devices', 'deny', '--cgroup', path, '/dev/fuse']));
  report('the whole program, under Node (peer: bpftool)', 'ms', compare(deny('node'), bpftool, 9));
  report('the whole program, under Bun (peer: bpftool)', 'ms', compare(deny(process.execPath), bpftool, 9));
} finally {
  for (const cgroup of [first, second]) {
    rmdirSync(cgroup.directory);
    cgroup.close();
  }
  home.close();
  rmSync(scratch, { recursive: true });
}
