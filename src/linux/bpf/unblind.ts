import {
  ALU,
  CLASS,
  classOf,
  type Instruction,
  isBranch,
  OPCODE,
  operationOf,
  REGISTER_OPERAND,
} from './instruction.ts';

/** The register that constant blinding uses; no program that is loaded may name it. */
const BLINDING_REGISTER = 11;

/**
 * Undoes the kernel's constant blinding (`net.core.bpf_jit_harden` = 2): each
 * `r11 = a; r11 ^= b; op dst, r11` becomes `op dst, a ^ b`, each `r ^= r` becomes `r = 0`, and jumps are re-based.
 * A program that is not blinded comes back as it is. Source: kernel `bpf_jit_blind_insn`.
 *
 * @returns undefined when r11 is used in any other way
 */
export function unblind(program: readonly Instruction[]): readonly Instruction[] | undefined {
  if (!program.some(({ dst, src }) => dst === BLINDING_REGISTER || src === BLINDING_REGISTER)) return program;
  const places = new Map<number, number>();
  const found: { readonly instruction: Instruction; readonly behind: number }[] = [];
  for (let index = 0; index < program.length; ) {
    const instruction = program[index];
    if (instruction === undefined) return undefined;
    places.set(index, found.length);
    if (instruction.dst !== BLINDING_REGISTER) {
      if (instruction.src === BLINDING_REGISTER) return undefined;
      found.push({ instruction: zeroed(instruction), behind: index + 1 });
      index++;
      continue;
    }
    const plain = joinTriple(instruction, program[index + 1], program[index + 2]);
    if (plain === undefined) return undefined;
    found.push({ instruction: plain, behind: index + 3 });
    index += 3;
  }
  const result: Instruction[] = [];
  for (const [index, { instruction, behind }] of found.entries()) {
    if (!isBranch(instruction)) {
      result.push(instruction);
      continue;
    }
    const place = places.get(behind + instruction.offset);
    if (place === undefined) return undefined;
    result.push({ ...instruction, offset: place - index - 1 });
  }
  return result;
}

function joinTriple(
  load: Instruction,
  mask: Instruction | undefined,
  use: Instruction | undefined,
): Instruction | undefined {
  if (mask === undefined || use === undefined) return undefined;
  if (!isImmediate(load, ALU.MOV) || !isImmediate(mask, ALU.XOR) || mask.dst !== BLINDING_REGISTER) return undefined;
  const takesOperand = isBranch(use) || classOf(use.opcode) === CLASS.ALU || classOf(use.opcode) === CLASS.ALU64;
  if (!takesOperand || (use.opcode & REGISTER_OPERAND) === 0 || use.src !== BLINDING_REGISTER) return undefined;
  if (use.opcode === OPCODE.JA || use.dst === BLINDING_REGISTER) return undefined;
  return { ...use, opcode: use.opcode & ~REGISTER_OPERAND, src: 0, imm: load.imm ^ mask.imm };
}

function isImmediate({ opcode }: Instruction, operation: number): boolean {
  const kind = classOf(opcode);
  const isArithmetic = kind === CLASS.ALU || kind === CLASS.ALU64;
  return isArithmetic && operationOf(opcode) === operation && (opcode & REGISTER_OPERAND) === 0;
}

/** Gives `r = 0` for `r ^= r`: the kernel blinds a move of 0 so, and the verifier refuses it on a register never set. */
function zeroed(instruction: Instruction): Instruction {
  const { opcode, dst, src } = instruction;
  const kind = classOf(opcode);
  const isXor = (kind === CLASS.ALU || kind === CLASS.ALU64) && operationOf(opcode) === ALU.XOR;
  if (!isXor || (opcode & REGISTER_OPERAND) === 0 || dst !== src) return instruction;
  return { opcode: kind | ALU.MOV, dst, src: 0, offset: 0, imm: 0 };
}
