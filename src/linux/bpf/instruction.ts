/**
 * One eBPF instruction, as `struct bpf_insn` holds it: `imm` is signed 32 bit, `offset` signed 16 bit.
 * Source: linux/bpf.h and the kernel's Documentation/bpf/standardization/instruction-set.rst.
 */
export interface Instruction {
  readonly opcode: number;
  readonly dst: number;
  readonly src: number;
  readonly offset: number;
  readonly imm: number;
}

/** Bytes of one encoded instruction. */
export const INSTRUCTION_BYTES = 8;

/** Instruction classes: the low three bits of an opcode. */
export const CLASS = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, JMP32: 6, ALU64: 7 } as const;

/** Operations of the arithmetic classes: the high four bits of an opcode. */
export const ALU = {
  ADD: 0x00,
  SUB: 0x10,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  XOR: 0xa0,
  MOV: 0xb0,
} as const;

/** Operations of the jump classes: the high four bits of an opcode. */
export const JUMP = {
  JA: 0x00,
  JEQ: 0x10,
  JGT: 0x20,
  JGE: 0x30,
  JSET: 0x40,
  JNE: 0x50,
  JSGT: 0x60,
  JSGE: 0x70,
  CALL: 0x80,
  EXIT: 0x90,
  JLT: 0xa0,
  JLE: 0xb0,
  JSLT: 0xc0,
  JSLE: 0xd0,
} as const;

/** The bit of an opcode that says: the second operand is a register, not `imm`. */
export const REGISTER_OPERAND = 0x08;

/** Opcodes of whole instructions that have no operand variants here. */
export const OPCODE = { LDXW: 0x61, LDXH: 0x69, LDXB: 0x71, LDDW: 0x18, JA: 0x05, CALL: 0x85, EXIT: 0x95 } as const;

/** Gives the class of an opcode. */
export function classOf(opcode: number): number {
  return opcode & 0x07;
}

/** Gives the operation of an arithmetic or jump opcode. */
export function operationOf(opcode: number): number {
  return opcode & 0xf0;
}

/** Tells whether the instruction branches: conditional or `ja`, but neither `call` nor `exit`. */
export function isBranch(instruction: Instruction): boolean {
  const kind = classOf(instruction.opcode);
  if (kind !== CLASS.JMP && kind !== CLASS.JMP32) return false;
  const operation = operationOf(instruction.opcode);
  return operation !== JUMP.CALL && operation !== JUMP.EXIT;
}

/** The order of bytes in a word, as `os.endianness()` names it. */
export type ByteOrder = 'LE' | 'BE';

/** Encodes a program as the kernel of this byte order wants it. */
export function encodeProgram(program: readonly Instruction[], byteOrder: ByteOrder): Uint8Array {
  const littleEndian = byteOrder === 'LE';
  const bytes = new Uint8Array(program.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [index, { opcode, dst, src, offset, imm }] of program.entries()) {
    const at = index * INSTRUCTION_BYTES;
    view.setUint8(at, opcode);
    // The two registers are bit fields of one byte: the order of the nibbles follows the byte order.
    view.setUint8(at + 1, littleEndian ? (src << 4) | dst : (dst << 4) | src);
    view.setInt16(at + 2, offset, littleEndian);
    view.setInt32(at + 4, imm, littleEndian);
  }
  return bytes;
}

/** Decodes what {@link encodeProgram} or the kernel wrote; bytes beyond the last whole instruction are ignored. */
export function decodeProgram(bytes: Uint8Array, byteOrder: ByteOrder): Instruction[] {
  const littleEndian = byteOrder === 'LE';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const program: Instruction[] = [];
  for (let at = 0; at + INSTRUCTION_BYTES <= bytes.byteLength; at += INSTRUCTION_BYTES) {
    const registers = view.getUint8(at + 1);
    const [low, high] = [registers & 0x0f, registers >> 4];
    program.push({
      opcode: view.getUint8(at),
      dst: littleEndian ? low : high,
      src: littleEndian ? high : low,
      offset: view.getInt16(at + 2, littleEndian),
      imm: view.getInt32(at + 4, littleEndian),
    });
  }
  return program;
}
