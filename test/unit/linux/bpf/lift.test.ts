import { describe, expect, it } from 'vitest';
import {
  arithmetic,
  arithmeticRegister,
  assemble,
  exit,
  jumpIf,
  label,
  loadHalf,
  loadWord,
  move,
} from '../../../../src/linux/bpf/assemble.ts';
import { DEFAULT_RULES } from '../../../../src/linux/bpf/default-rules.ts';
import { mapOfGrants } from '../../../../src/linux/bpf/device-grant.ts';
import { sameMap } from '../../../../src/linux/bpf/device-map.ts';
import { readRules } from '../../../../src/linux/bpf/dialect.ts';
import { identifyProgram } from '../../../../src/linux/bpf/identify.ts';
import { ALU, type Instruction, JUMP, OPCODE } from '../../../../src/linux/bpf/instruction.ts';
import { liftProgram } from '../../../../src/linux/bpf/lift.ts';
import { rulesOfMap } from '../../../../src/linux/bpf/map-rules.ts';
import { unblind } from '../../../../src/linux/bpf/unblind.ts';
import { planWidening } from '../../../../src/linux/bpf/widen.ts';
import { runtimeLayout } from '../../../oracle/runtime-layout.ts';

const FUSE = mapOfGrants([{ type: 'c', major: 10, minor: 229, access: 6 }]);
const HELPER_CALL: Instruction = { opcode: OPCODE.CALL, dst: 0, src: 0, offset: 0, imm: 5 };

function runcDefault(): Instruction[] {
  const result = readRules(DEFAULT_RULES.runc, 'runc');
  if ('refused' in result) throw new Error(result.refused);
  return runtimeLayout(result.list, 'runc');
}

/** Blinds each constant of an operation or comparison, as the kernel does with a random mask. */
function blind(program: readonly Instruction[]): Instruction[] {
  const mask = 0x5aa5_1234;
  const isPlain = ({ opcode }: Instruction): boolean =>
    (opcode & 0x08) === 0 && [4, 5, 7].includes(opcode & 7) && opcode !== OPCODE.EXIT && opcode !== OPCODE.JA;
  const widths = program.map((instruction) => (isPlain(instruction) ? 3 : 1));
  const place = (index: number): number => widths.slice(0, index).reduce((sum, width) => sum + width, 0);
  return program.flatMap((instruction, index) => {
    const isJump = (instruction.opcode & 7) === 5 && instruction.opcode !== OPCODE.EXIT;
    const offset = isJump ? place(index + 1 + instruction.offset) - place(index + 1) : instruction.offset;
    if (!isPlain(instruction)) return [{ ...instruction, offset }];
    return [
      { opcode: 0xb7, dst: 11, src: 0, offset: 0, imm: instruction.imm ^ mask },
      { opcode: 0xa7, dst: 11, src: 0, offset: 0, imm: mask },
      { ...instruction, opcode: instruction.opcode | 0x08, src: 11, offset, imm: 0 },
    ];
  });
}

/** The shape of systemd: access first, one shared exit that allows. */
function systemdProgram(): Instruction[] {
  return assemble([
    loadWord(2, 1, 0),
    arithmetic(ALU.AND, 2, 0xffff),
    loadWord(3, 1, 0),
    arithmetic(ALU.RSH, 3, 16),
    loadWord(4, 1, 4),
    loadWord(5, 1, 8),
    arithmeticRegister(ALU.MOV, 1, 3),
    arithmetic(ALU.AND, 1, 1),
    jumpIf(JUMP.JNE, 1, 0, 'next'),
    jumpIf(JUMP.JNE, 2, 2, 'next'),
    jumpIf(JUMP.JNE, 4, 10, 'next'),
    jumpIf(JUMP.JEQ, 5, 229, 'allow'),
    label('next'),
    move(0, 0),
    exit(),
    label('allow'),
    move(0, 1),
    exit(),
  ]);
}

describe('liftProgram', () => {
  it('reads the default list out of a program of runc', () => {
    const map = liftProgram(runcDefault(), 'LE');
    expect(map && rulesOfMap(map)).toEqual({
      default: 'deny',
      rules: [
        { allow: true, type: 'c', major: -1, minor: -1, access: 'm' },
        ...[3, 5, 7, 8, 9].map((minor) => ({ allow: true, type: 'c', major: 1, minor, access: 'rwm' })),
        ...[0, 2].map((minor) => ({ allow: true, type: 'c', major: 5, minor, access: 'rwm' })),
        { allow: true, type: 'c', major: 10, minor: 200, access: 'rwm' },
        { allow: true, type: 'c', major: 136, minor: -1, access: 'rwm' },
        { allow: true, type: 'b', major: -1, minor: -1, access: 'm' },
      ],
    });
  });

  it('reads the shape of systemd', () => {
    const map = liftProgram(systemdProgram(), 'LE');
    expect(map && sameMap(map, FUSE)).toBe(true);
  });

  it('reads a blinded program', () => {
    const map = liftProgram(blind(runcDefault()), 'LE');
    const plain = liftProgram(runcDefault(), 'LE');
    expect(map && plain && sameMap(map, plain)).toBe(true);
  });

  it('gives up on a program that calls a helper', () => {
    expect(liftProgram([HELPER_CALL, ...runcDefault()], 'LE')).toBeUndefined();
  });

  it('gives up on a program that tests bits of a number', () => {
    const program = assemble([
      loadWord(4, 1, 4),
      jumpIf(JUMP.JSET, 4, 1, 'x'),
      move(0, 1),
      exit(),
      label('x'),
      move(0, 0),
      exit(),
    ]);
    expect(liftProgram(program, 'LE')).toBeUndefined();
  });
});

describe('unblind', () => {
  it('undoes what blinding did', () => {
    expect(unblind(blind(runcDefault()))).toEqual(runcDefault());
  });

  it('turns the xor of a register with itself into a move of zero', () => {
    const xor: Instruction = { opcode: 0xac, dst: 0, src: 0, offset: 0, imm: 0 };
    expect(unblind([...blind([{ opcode: 0xb4, dst: 2, src: 0, offset: 0, imm: 7 }]), xor])?.[1]).toEqual({
      opcode: 0xb4,
      dst: 0,
      src: 0,
      offset: 0,
      imm: 0,
    });
  });

  it('refuses r11 in any other use', () => {
    expect(unblind([{ opcode: 0xbf, dst: 0, src: 11, offset: 0, imm: 0 }])).toBeUndefined();
  });
});

describe('planWidening', () => {
  it('writes a program of runc anew and shorter', () => {
    const widening = planWidening(runcDefault(), FUSE, 'LE');
    expect(widening.kind === 'lifted' && widening.program.length).toBe(25);
  });

  it('puts tests in front of a program that it cannot read', () => {
    const odd = assemble([
      loadHalf(6, 1, 4),
      arithmetic(ALU.AND, 6, 1),
      move(0, 0),
      jumpIf(JUMP.JNE, 6, 0, 'end'),
      move(0, 1),
      label('end'),
      exit(),
    ]);
    const widening = planWidening(odd, FUSE, 'LE');
    expect(widening.kind === 'prepended' && widening.program.slice(-odd.length)).toEqual(odd);
  });

  it('says so when a program calls helpers', () => {
    expect(planWidening([HELPER_CALL, ...runcDefault()], FUSE, 'LE').kind).toBe('impossible');
  });

  it('leaves a program alone that allows the device already', () => {
    expect(planWidening(systemdProgram(), FUSE, 'LE').kind).toBe('unchanged');
  });
});

describe('identifyProgram', () => {
  it('tells runc from crun by the move before the exit', () => {
    const program = runcDefault();
    expect(identifyProgram('', program)).toBe('runc');
    expect(identifyProgram('', program.with(-2, { opcode: 0xb7, dst: 0, src: 0, offset: 0, imm: 0 }))).toBe('crun');
  });

  it('goes by the name that systemd and we give', () => {
    expect(identifyProgram('sd_devices', systemdProgram())).toBe('systemd');
    expect(identifyProgram('oci_hooks', systemdProgram())).toBe('own');
    expect(identifyProgram('', [HELPER_CALL])).toBe('unknown');
  });
});
