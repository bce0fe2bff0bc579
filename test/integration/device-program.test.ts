import { closeSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { arithmetic, assemble, exit, jumpIf, label, loadWord, move } from '../../src/linux/bpf/assemble.ts';
import {
  ATTACH,
  attachProgram,
  BYTE_ORDER,
  detachProgram,
  loadProgram,
  openProgram,
  queryPrograms,
} from '../../src/linux/bpf/bpf-call.ts';
import { attachedPrograms, readPrograms, restrictCgroup, widenCgroup } from '../../src/linux/bpf/cgroup-programs.ts';
import { DEFAULT_RULES } from '../../src/linux/bpf/default-rules.ts';
import { mapOfDenials, mapOfGrants } from '../../src/linux/bpf/device-grant.ts';
import type { DeviceList } from '../../src/linux/bpf/device-list.ts';
import type { DeviceRule } from '../../src/linux/bpf/device-rule.ts';
import { readRules } from '../../src/linux/bpf/dialect.ts';
import { generateFromList, generateOverride, generatePrefix } from '../../src/linux/bpf/generate.ts';
import { ALU, type Instruction, JUMP } from '../../src/linux/bpf/instruction.ts';
import { mapOfList } from '../../src/linux/bpf/list-map.ts';
import type { OpenCgroup } from '../../src/linux/cgroup/open-cgroup.ts';
import { mixedRules } from '../oracle/rule-sets.ts';
import { runtimeLayout } from '../oracle/runtime-layout.ts';
import { allowRule, deviceGrant, deviceRule } from '../property/device-arbitraries.ts';
import { requires, root } from '../requirement.ts';
import { cgroupV2, devices, makeCgroup, opens, removeCgroup } from './device-box.ts';

const FUSE = { type: 'c', major: 10, minor: 229, access: 6 } as const;
const GRANT = mapOfGrants([FUSE]);
const ALONE = { name: 'oci_hooks_test' };

function listOf(rules: readonly DeviceRule[], dialect: 'runc' | 'crun' = 'runc'): DeviceList {
  const result = readRules(rules, dialect);
  if ('refused' in result) throw new Error(result.refused);
  return result.list;
}

const DEFAULT_LIST = listOf(DEFAULT_RULES.runc);

function loads(program: readonly Instruction[], override = false): number {
  const loaded = loadProgram(program, { ...ALONE, override, verifierLog: true });
  if (typeof loaded !== 'number') throw new Error(`errno ${loaded.errno}: ${loaded.log}`);
  return loaded;
}

function attachRuntime(
  cgroup: OpenCgroup,
  flags: number = ATTACH.MULTI,
  program = runtimeLayout(DEFAULT_LIST, 'runc'),
): number {
  const descriptor = loads(program);
  expect(attachProgram(cgroup.descriptor, descriptor, flags)).toBe(0);
  const attached = queryPrograms(cgroup.descriptor);
  closeSync(descriptor);
  return typeof attached === 'number' ? 0 : (attached.ids.at(-1) ?? 0);
}

requires([root, cgroupV2, devices], () => {
  let cgroup: OpenCgroup;

  beforeEach(() => {
    cgroup = makeCgroup('program');
  });

  afterEach(() => {
    removeCgroup(cgroup);
  });

  describe('the verifier', () => {
    // Law: whatever the rules, the kernel takes the program.
    it('accepts every generated program', () => {
      const rules = fc.oneof(fc.array(deviceRule, { maxLength: 30 }), fc.array(allowRule, { maxLength: 60 }));
      fc.assert(
        fc.property(rules, fc.constantFrom('runc' as const, 'crun' as const), (given, dialect) => {
          const result = readRules(given, dialect);
          if ('list' in result) closeSync(loads(generateFromList(result.list, BYTE_ORDER)));
        }),
        { numRuns: 3000 },
      );
    });

    // Law: the same for what goes in front of another program, for denials and for overrides.
    it('accepts prefixes, denials and overrides', () => {
      const behind = runtimeLayout(DEFAULT_LIST, 'crun');
      fc.assert(
        fc.property(fc.array(deviceGrant, { minLength: 1, maxLength: 8 }), (grants) => {
          const specific = grants.filter(({ major }) => major >= 0);
          const map = mapOfGrants(specific);
          closeSync(loads([...generatePrefix(map, BYTE_ORDER), ...behind]));
          closeSync(loads(generateOverride(map, BYTE_ORDER), true));
        }),
        { numRuns: 500 },
      );
    });

    it('accepts 1,000 mixed rules, which it refuses in the layout of the runtimes', () => {
      const list = listOf([...mixedRules(1000), ...DEFAULT_RULES.runc]);
      closeSync(loads(generateFromList(list, BYTE_ORDER)));
    });

    it('is quoted when a program is refused and the log was asked for', () => {
      const loaded = loadProgram(assemble([exit()]), { ...ALONE, verifierLog: true });
      expect(loaded).toMatchObject({ errno: 13, log: expect.stringContaining('R0') });
    });
  });

  describe('widenCgroup', () => {
    it('opens the device that was granted, keeps the others, and replaces in place', () => {
      attachRuntime(cgroup);
      expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/null')]).toEqual([false, true]);
      expect(widenCgroup(cgroup, GRANT)).toBe('lifted');
      expect(['/dev/fuse', '/dev/loop-control', '/dev/null'].map((path) => opens(cgroup, path))).toEqual([
        true,
        false,
        true,
      ]);
      expect(attachedPrograms(cgroup).ids).toHaveLength(1);
    });

    it('changes nothing the second time', () => {
      attachRuntime(cgroup);
      widenCgroup(cgroup, GRANT);
      const before = attachedPrograms(cgroup).ids;
      expect(widenCgroup(cgroup, GRANT)).toBe('unchanged');
      expect(attachedPrograms(cgroup).ids).toEqual(before);
    });

    it('has nothing to do where no program limits the cgroup', () => {
      expect(widenCgroup(cgroup, GRANT)).toBe('none');
      expect(attachedPrograms(cgroup).ids).toEqual([]);
    });

    it('widens each of several programs', () => {
      attachRuntime(cgroup);
      attachRuntime(cgroup, ATTACH.MULTI, runtimeLayout(DEFAULT_LIST, 'crun'));
      widenCgroup(cgroup, GRANT);
      expect(opens(cgroup, '/dev/fuse')).toBe(true);
      expect(attachedPrograms(cgroup).ids).toHaveLength(2);
    });

    it('swaps a program that was attached to be alone', () => {
      attachRuntime(cgroup, ATTACH.ALONE);
      expect(widenCgroup(cgroup, GRANT)).toBe('lifted');
      expect(opens(cgroup, '/dev/fuse')).toBe(true);
    });

    it('puts tests in front of a program that it cannot read', () => {
      const odd = [loadWord(6, 1, 4), arithmetic(ALU.AND, 6, 1), move(0, 0), jumpIf(JUMP.JEQ, 6, 0, 'end'), move(0, 1)];
      attachRuntime(cgroup, ATTACH.MULTI, assemble([...odd, label('end'), exit()]));
      expect(widenCgroup(cgroup, GRANT)).toBe('prepended');
      expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([true, false]);
    });

    it('overrides a program that calls a helper', () => {
      const helper: Instruction = { opcode: 0x85, dst: 0, src: 0, offset: 0, imm: 5 };
      attachRuntime(cgroup, ATTACH.MULTI, [helper, ...assemble([move(0, 0), exit()])]);
      expect(widenCgroup(cgroup, GRANT)).toBe('overridden');
      expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([true, false]);
    });

    it('starts over when the program is replaced meanwhile', () => {
      const old = attachRuntime(cgroup);
      let races = 3;
      const way = widenCgroup(cgroup, GRANT, {
        beforeAttach: () => {
          if (races-- <= 0) return;
          const [current = old] = attachedPrograms(cgroup).ids;
          attachRuntime(cgroup);
          const descriptor = openProgram(current);
          expect(detachProgram(cgroup.descriptor, descriptor)).toBe(0);
          closeSync(descriptor);
        },
      });
      expect(way).toBe('lifted');
      expect(opens(cgroup, '/dev/fuse')).toBe(true);
    });

    it('gives up when it never gets quiet, and leaves no program of its own', () => {
      attachRuntime(cgroup);
      const race = () => {
        const [current = 0] = attachedPrograms(cgroup).ids;
        attachRuntime(cgroup);
        const descriptor = openProgram(current);
        detachProgram(cgroup.descriptor, descriptor);
        closeSync(descriptor);
      };
      expect(() => widenCgroup(cgroup, GRANT, { beforeAttach: race })).toThrow(
        expect.objectContaining({ code: 'DEVICE_RACE' }),
      );
      const names = readPrograms(attachedPrograms(cgroup).ids).map((info) => ('name' in info ? info.name : info.errno));
      expect(names).toEqual(['oci_hooks_test']);
    });

    it('says so when the cgroup was removed, and attaches nothing', () => {
      const gone = makeCgroup('gone');
      attachRuntime(gone);
      const failure = () => widenCgroup(gone, GRANT, { beforeAttach: () => rmdirSync(gone.directory) });
      expect(failure).toThrow(expect.objectContaining({ code: expect.stringMatching(/^BPF_(ATTACH|QUERY)$/) }));
      gone.close();
    });
  });

  describe('restrictCgroup', () => {
    it('takes a device away and keeps the others', () => {
      expect(restrictCgroup(cgroup, mapOfDenials([FUSE]))).toBe('added');
      expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([false, true]);
    });

    it('denies rw where only w is denied', () => {
      restrictCgroup(cgroup, mapOfDenials([{ ...FUSE, access: 4 }]));
      expect((['<', '>>', '<>'] as const).map((how) => opens(cgroup, '/dev/fuse', how))).toEqual([true, false, false]);
    });

    it('adds no second program for the same denial', () => {
      restrictCgroup(cgroup, mapOfDenials([FUSE]));
      expect(restrictCgroup(cgroup, mapOfDenials([FUSE]))).toBe('unchanged');
    });

    it('folds the denial into a program that was attached to be alone', () => {
      attachRuntime(cgroup, ATTACH.ALONE, runtimeLayout({ entries: [], defaultAllow: true }, 'runc'));
      expect(restrictCgroup(cgroup, mapOfDenials([FUSE]))).toBe('folded');
      expect([opens(cgroup, '/dev/fuse'), opens(cgroup, '/dev/loop-control')]).toEqual([false, true]);
    });

    it('says that 64 programs are the most', () => {
      for (let minor = 0; minor < 64; minor++) {
        restrictCgroup(cgroup, mapOfDenials([{ type: 'c', major: 240, minor, access: 7 }]));
      }
      expect(() => restrictCgroup(cgroup, mapOfDenials([FUSE]))).toThrow(
        expect.objectContaining({ code: 'BPF_ATTACH', message: expect.stringContaining('64 programs') }),
      );
    });
  });

  describe('under hardening', () => {
    const settings = ['/proc/sys/net/core/bpf_jit_harden', '/proc/sys/kernel/kptr_restrict'] as const;
    let before: readonly string[];

    beforeEach(() => {
      before = settings.map((path) => readFileSync(path, 'utf8'));
    });

    afterEach(() => {
      for (const [index, path] of settings.entries()) writeFileSync(path, before[index] ?? '0');
    });

    function harden(jit: string, kptr: string): void {
      writeFileSync(settings[0], jit);
      writeFileSync(settings[1], kptr);
    }

    it('lifts a program whose constants are blinded', () => {
      harden('2', '1');
      const id = attachRuntime(cgroup);
      const [info] = readPrograms([id]);
      expect(info && 'instructions' in info && info.instructions?.some(({ dst }) => dst === 11)).toBe(true);
      expect(widenCgroup(cgroup, GRANT)).toBe('lifted');
      expect(['/dev/fuse', '/dev/loop-control', '/dev/null'].map((path) => opens(cgroup, path))).toEqual([
        true,
        false,
        true,
      ]);
    });

    it('regenerates a hidden program from what the runtime was told', () => {
      harden('2', '2');
      attachRuntime(cgroup);
      expect(widenCgroup(cgroup, GRANT, { base: mapOfList(DEFAULT_LIST) })).toBe('regenerated');
      expect(['/dev/fuse', '/dev/loop-control', '/dev/null'].map((path) => opens(cgroup, path))).toEqual([
        true,
        false,
        true,
      ]);
    });

    it('keeps what an earlier hook granted when the next one meets a hidden program', () => {
      harden('2', '2');
      attachRuntime(cgroup);
      const base = mapOfList(DEFAULT_LIST);
      widenCgroup(cgroup, GRANT, { base });
      expect(widenCgroup(cgroup, mapOfGrants([{ ...FUSE, minor: 237 }]), { base })).toBe('overridden');
      expect(['/dev/fuse', '/dev/loop-control'].map((path) => opens(cgroup, path))).toEqual([true, true]);
    });

    it('overrides a hidden program when nothing is known of it', () => {
      harden('2', '2');
      attachRuntime(cgroup);
      expect(widenCgroup(cgroup, GRANT)).toBe('overridden');
      expect(['/dev/fuse', '/dev/loop-control', '/dev/null'].map((path) => opens(cgroup, path))).toEqual([
        true,
        false,
        true,
      ]);
    });
  });

  it('leaves no descriptor behind', () => {
    attachRuntime(cgroup);
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (let minor = 0; minor < 10; minor++) {
      widenCgroup(cgroup, mapOfGrants([{ type: 'c', major: 240, minor, access: 6 }]));
      restrictCgroup(cgroup, mapOfDenials([{ type: 'c', major: 241, minor, access: 6 }]));
    }
    expect(count()).toBe(before);
  });
});
