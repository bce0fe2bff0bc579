import { compare, compute, UnsupportedInstructionError } from './arithmetic.ts';
import type { DeviceRequest } from './device-request.ts';
import {
  ALU,
  type ByteOrder,
  CLASS,
  classOf,
  type Instruction,
  isBranch,
  JUMP,
  OPCODE,
  operationOf,
  REGISTER_OPERAND,
} from './instruction.ts';

/** More steps than this and the program is taken for endless; the kernel's own limit on instructions. */
const STEP_LIMIT = 1_000_000;

const LOAD_BYTES: ReadonlyMap<number, number> = new Map([
  [OPCODE.LDXW, 4],
  [OPCODE.LDXH, 2],
  [OPCODE.LDXB, 1],
]);

/**
 * Runs a device program on one request, as the kernel would: true lets it pass. It knows the instructions such
 * programs are made of: loads from the context, arithmetic, jumps and exit.
 *
 * @throws UnsupportedInstructionError for anything else, and for a register read before it is set
 */
export function interpret(program: readonly Instruction[], request: DeviceRequest, byteOrder: ByteOrder): boolean {
  const registers: (number | undefined)[] = new Array(11).fill(undefined);
  const read = (register: number): number => {
    const value = registers[register];
    if (value === undefined) throw new UnsupportedInstructionError(`r${register} is read before it is set`);
    return value;
  };
  let at = 0;
  for (let steps = 0; steps < STEP_LIMIT; steps++) {
    const instruction = program[at];
    if (instruction === undefined) throw new UnsupportedInstructionError('the program runs past its end');
    const { opcode, dst, src, imm } = instruction;
    at++;
    if (opcode === OPCODE.EXIT) return read(0) !== 0;
    const kind = classOf(opcode);
    if (kind === CLASS.LDX) {
      // r1 holds the context from the start on; once it is overwritten it holds a number instead.
      if (src !== 1 || registers[1] !== undefined) throw new UnsupportedInstructionError('a load from elsewhere');
      registers[dst] = contextValue(opcode, instruction.offset, request, byteOrder);
    } else if (kind === CLASS.ALU || kind === CLASS.ALU64) {
      const operation = operationOf(opcode);
      const right = (opcode & REGISTER_OPERAND) === 0 ? imm : read(src);
      const left = operation === ALU.MOV ? 0 : read(dst);
      registers[dst] = compute(operation, kind === CLASS.ALU64, left, right);
    } else if (isBranch(instruction)) {
      const operation = operationOf(opcode);
      const wide = kind === CLASS.JMP;
      if (operation === JUMP.JA && !wide) throw new UnsupportedInstructionError('a long jump');
      const taken =
        operation === JUMP.JA ||
        compare(operation, wide, read(dst), (opcode & REGISTER_OPERAND) === 0 ? imm : read(src));
      if (taken) at += instruction.offset;
    } else {
      throw new UnsupportedInstructionError(`opcode 0x${opcode.toString(16)}`);
    }
  }
  throw new UnsupportedInstructionError('the program does not end');
}

/** Gives what a load from `struct bpf_cgroup_dev_ctx` (three words: access and type, major, minor) finds. */
export function contextValue(opcode: number, offset: number, request: DeviceRequest, byteOrder: ByteOrder): number {
  const { type, access, major, minor } = request;
  const words = [access * 0x1_0000 + (type === 'b' ? 1 : 2), major, minor];
  const word = words[offset >> 2];
  const bytes = LOAD_BYTES.get(opcode);
  const within = offset & 3;
  if (word === undefined || offset < 0 || bytes === undefined || within % bytes !== 0) {
    throw new UnsupportedInstructionError(`a load of opcode 0x${opcode.toString(16)} at offset ${offset}`);
  }
  if (bytes === 4) return word;
  const shift = (byteOrder === 'LE' ? within : 4 - bytes - within) * 8;
  return (word >>> shift) & (bytes === 2 ? 0xffff : 0xff);
}
