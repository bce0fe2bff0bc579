import {
  ALU,
  CLASS,
  classOf,
  type Instruction,
  isBranch,
  JUMP,
  OPCODE,
  operationOf,
  REGISTER_OPERAND,
} from './instruction.ts';

const LOAD_NAMES: ReadonlyMap<number, string> = new Map([
  [OPCODE.LDXW, 'u32'],
  [OPCODE.LDXH, 'u16'],
  [OPCODE.LDXB, 'u8'],
]);

const ALU_SIGNS: ReadonlyMap<number, string> = new Map([
  [ALU.ADD, '+='],
  [ALU.SUB, '-='],
  [ALU.OR, '|='],
  [ALU.AND, '&='],
  [ALU.LSH, '<<='],
  [ALU.RSH, '>>='],
  [ALU.XOR, '^='],
  [ALU.MOV, '='],
]);

const JUMP_SIGNS: ReadonlyMap<number, string> = new Map([
  [JUMP.JEQ, '=='],
  [JUMP.JNE, '!='],
  [JUMP.JGT, '>'],
  [JUMP.JGE, '>='],
  [JUMP.JLT, '<'],
  [JUMP.JLE, '<='],
  [JUMP.JSET, '&'],
  [JUMP.JSGT, 's>'],
  [JUMP.JSGE, 's>='],
  [JUMP.JSLT, 's<'],
  [JUMP.JSLE, 's<='],
]);

/** Writes a program in the notation of the kernel and bpftool, one instruction a line, numbered from 0. */
export function disassemble(program: readonly Instruction[]): string[] {
  const width = String(program.length - 1).length;
  return program.map((instruction, index) => `${String(index).padStart(width)}: ${render(instruction, index)}`);
}

function render(instruction: Instruction, index: number): string {
  const { opcode, dst, src, offset, imm } = instruction;
  if (opcode === OPCODE.EXIT) return 'exit';
  const size = LOAD_NAMES.get(opcode);
  if (size !== undefined) return `r${dst} = *(${size} *)(r${src} ${offset < 0 ? '-' : '+'} ${Math.abs(offset)})`;
  const kind = classOf(opcode);
  const isWide = kind === CLASS.ALU64 || kind === CLASS.JMP;
  const letter = isWide ? 'r' : 'w';
  const operand = (opcode & REGISTER_OPERAND) === 0 ? String(imm) : `${letter}${src}`;
  if (kind === CLASS.ALU || kind === CLASS.ALU64) {
    const sign = ALU_SIGNS.get(operationOf(opcode));
    if (sign !== undefined) return `${letter}${dst} ${sign} ${operand}`;
  }
  if (isBranch(instruction)) {
    const target = `goto ${index + 1 + offset}`;
    if (opcode === OPCODE.JA) return target;
    const sign = JUMP_SIGNS.get(operationOf(opcode));
    if (sign !== undefined) return `if ${letter}${dst} ${sign} ${operand} ${target}`;
  }
  const raw = `opcode 0x${opcode.toString(16).padStart(2, '0')}`;
  return `${raw} dst r${dst} src r${src} offset ${offset} imm ${imm}`;
}
