import { ALU, JUMP } from './instruction.ts';

const TWO_32 = 0x1_0000_0000;
const TWO_64 = 2 ** 64;

/** Thrown when a program uses what the interpreter and the lifter do not model. */
export class UnsupportedInstructionError extends Error {
  override readonly name = 'UnsupportedInstructionError';
}

/**
 * Computes `left op right` as the kernel does, on 64 bits (`wide`) or on the low 32 with the upper half zeroed.
 * Registers are held as signed 64-bit integers in a number.
 *
 * @throws UnsupportedInstructionError for other operations, and where the result does not fit a number exactly
 */
export function compute(operation: number, wide: boolean, left: number, right: number): number {
  if (operation === ALU.MOV) return wide ? right : low(right);
  if (!wide) return computeNarrow(operation, low(left), low(right));
  if (fitsNarrow(left) && fitsNarrow(right)) {
    const result = computeSmall(operation, left, right);
    if (result !== undefined) return result;
  }
  return computeWide(operation, BigInt(left), BigInt(right));
}

/** Decides a conditional jump; unsigned comparisons see negative values as the large numbers they are. */
export function compare(operation: number, wide: boolean, left: number, right: number): boolean {
  const a = wide ? left : low(left) | 0;
  const b = wide ? right : low(right) | 0;
  const ua = wide ? unsigned64(left) : low(left);
  const ub = wide ? unsigned64(right) : low(right);
  switch (operation) {
    case JUMP.JEQ:
      return a === b;
    case JUMP.JNE:
      return a !== b;
    case JUMP.JGT:
      return ua > ub;
    case JUMP.JGE:
      return ua >= ub;
    case JUMP.JLT:
      return ua < ub;
    case JUMP.JLE:
      return ua <= ub;
    case JUMP.JSGT:
      return a > b;
    case JUMP.JSGE:
      return a >= b;
    case JUMP.JSLT:
      return a < b;
    case JUMP.JSLE:
      return a <= b;
    case JUMP.JSET:
      return compute(ALU.AND, wide, a, b) !== 0;
    default:
      throw new UnsupportedInstructionError(`jump operation 0x${operation.toString(16)}`);
  }
}

/** Gives the low 32 bits, unsigned. */
function low(value: number): number {
  if (value >= 0 && value < TWO_32) return value;
  return Number(BigInt.asUintN(32, BigInt(value)));
}

function fitsNarrow(value: number): boolean {
  return value >= 0 && value < TWO_32;
}

function unsigned64(value: number): number {
  // Rounded for negative values, which does no harm: everything compared with them is below 2^53.
  return value < 0 ? value + TWO_64 : value;
}

function computeNarrow(operation: number, left: number, right: number): number {
  switch (operation) {
    case ALU.ADD:
      return (left + right) % TWO_32;
    case ALU.SUB:
      return (left - right + TWO_32) % TWO_32;
    case ALU.LSH:
      return (left << (right & 31)) >>> 0;
    default: {
      const result = computeSmall(operation, left, operation === ALU.RSH ? right & 31 : right);
      if (result === undefined) throw new UnsupportedInstructionError(`operation 0x${operation.toString(16)}`);
      return result;
    }
  }
}

/** Computes the operations whose result on two unsigned 32-bit values is one too; undefined for others. */
function computeSmall(operation: number, left: number, right: number): number | undefined {
  switch (operation) {
    case ALU.AND:
      return (left & right) >>> 0;
    case ALU.OR:
      return (left | right) >>> 0;
    case ALU.XOR:
      return (left ^ right) >>> 0;
    case ALU.RSH:
      return right < 32 ? left >>> right : undefined;
    default:
      return undefined;
  }
}

function computeWide(operation: number, left: bigint, right: bigint): number {
  const result = Number(BigInt.asIntN(64, wideResult(operation, BigInt.asUintN(64, left), right)));
  if (!Number.isSafeInteger(result)) throw new UnsupportedInstructionError('a value beyond 53 bits');
  return result;
}

function wideResult(operation: number, left: bigint, right: bigint): bigint {
  switch (operation) {
    case ALU.ADD:
      return left + right;
    case ALU.SUB:
      return left - right;
    case ALU.AND:
      return left & right;
    case ALU.OR:
      return left | right;
    case ALU.XOR:
      return left ^ right;
    case ALU.LSH:
      return left << (right & 63n);
    case ALU.RSH:
      return left >> (right & 63n);
    default:
      throw new UnsupportedInstructionError(`operation 0x${operation.toString(16)}`);
  }
}
