import { compare, compute, UnsupportedInstructionError } from './arithmetic.ts';
import {
  type DeviceMap,
  LARGEST_NUMBER,
  type MajorSpan,
  mergeMajors,
  mergeMinors,
  type Verdicts,
} from './device-map.ts';
import { ACCESS_MASKS, type NodeType } from './device-request.ts';
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
import { contextValue } from './interpret.ts';

/** Steps over all paths after which a program counts as too tangled to lift (about a second). */
const STEP_LIMIT = 4_000_000;

/** The sixteen pairs of a type and an access mask; everything a program can compute from the first word of its context. */
const PAIRS: readonly (readonly [type: NodeType, access: number])[] = (['b', 'c'] as const).flatMap((type) =>
  ACCESS_MASKS.map((access) => [type, access] as const),
);
const ALL_PAIRS = 0xffff;

/** What a register holds on a path: the context, a device number as it came, or one number for each of {@link PAIRS}. */
type Value =
  | { readonly kind: 'context' }
  | { readonly kind: 'major' }
  | { readonly kind: 'minor' }
  | { readonly kind: 'numbers'; readonly numbers: readonly number[] };

interface Span {
  readonly first: number;
  readonly last: number;
}

/** A path through the program: where it stands, and which requests take it. */
interface Path {
  readonly at: number;
  readonly registers: readonly (Value | undefined)[];
  /** Bit n: the requests of {@link PAIRS}[n] take this path. */
  readonly pairs: number;
  readonly majors: readonly Span[];
  readonly minors: readonly Span[];
}

/** The requests of one finished path, with the pairs that it allows. */
interface Cell {
  readonly majors: readonly Span[];
  readonly minors: readonly Span[];
  readonly allowed: number;
}

const EVERY_NUMBER: readonly Span[] = [{ first: 0, last: LARGEST_NUMBER }];

/**
 * Works out what a device program lets pass, for every request there can be, by following all its paths at once.
 * Nothing is sampled: the map is what the program does. It knows programs that load the context, compute on type and
 * access, compare with constants and exit: those of runc, crun, systemd and our own.
 *
 * @returns undefined when the program uses anything else (a helper, a map, the stack) or has too many paths
 */
export function liftProgram(program: readonly Instruction[], byteOrder: ByteOrder): DeviceMap | undefined {
  try {
    const cells = followPaths(program, byteOrder);
    return cells === undefined ? undefined : { b: spansOf(cells, 'b'), c: spansOf(cells, 'c') };
  } catch (error) {
    if (error instanceof UnsupportedInstructionError) return undefined;
    throw error;
  }
}

function followPaths(program: readonly Instruction[], byteOrder: ByteOrder): Cell[] | undefined {
  const cells: Cell[] = [];
  const start: readonly (Value | undefined)[] = [undefined, { kind: 'context' }];
  const open: Path[] = [{ at: 0, registers: start, pairs: ALL_PAIRS, majors: EVERY_NUMBER, minors: EVERY_NUMBER }];
  let steps = 0;
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const registers = [...path.registers];
    let at = path.at;
    for (;;) {
      if (++steps > STEP_LIMIT) return undefined;
      const instruction = program[at];
      if (instruction === undefined) throw new UnsupportedInstructionError('the program runs past its end');
      at++;
      if (instruction.opcode === OPCODE.EXIT) {
        const verdict = numbersOf(registers[0]);
        const allowed = pairsWhere((pair) => (verdict[pair] ?? 0) !== 0) & path.pairs;
        cells.push({ majors: path.majors, minors: path.minors, allowed });
        break;
      }
      if (isBranch(instruction)) {
        if (instruction.opcode === OPCODE.JA) {
          at += instruction.offset;
          continue;
        }
        open.push(...branch({ ...path, at, registers }, instruction));
        break;
      }
      registers[instruction.dst] = evaluate(instruction, registers, byteOrder);
    }
  }
  return cells;
}

function evaluate(instruction: Instruction, registers: readonly (Value | undefined)[], byteOrder: ByteOrder): Value {
  const { opcode, dst, src, offset, imm } = instruction;
  const kind = classOf(opcode);
  if (kind === CLASS.LDX) {
    if (registers[src]?.kind !== 'context') throw new UnsupportedInstructionError('a load from elsewhere');
    if (opcode === OPCODE.LDXW && offset === 4) return { kind: 'major' };
    if (opcode === OPCODE.LDXW && offset === 8) return { kind: 'minor' };
    if (offset >= 4) throw new UnsupportedInstructionError('a part of a number');
    return numbers((type, access) => contextValue(opcode, offset, { type, access, major: 0, minor: 0 }, byteOrder));
  }
  if (kind !== CLASS.ALU && kind !== CLASS.ALU64) {
    throw new UnsupportedInstructionError(`opcode 0x${opcode.toString(16)}`);
  }
  const wide = kind === CLASS.ALU64;
  const operation = operationOf(opcode);
  const operand = operandOf(instruction, registers);
  if (operation === ALU.MOV) {
    // The numbers and the context survive a move; a 32-bit move of a number keeps it, of the context it does not.
    if (operand.kind !== 'numbers' && (wide || operand.kind !== 'context')) return operand;
    const right = numbersOf(operand);
    return { kind: 'numbers', numbers: right.map((value) => compute(ALU.MOV, wide, 0, value)) };
  }
  if ((opcode & REGISTER_OPERAND) !== 0 && operation === ALU.XOR && dst === src) return constant(0);
  const left = numbersOf(registers[dst]);
  const right = (opcode & REGISTER_OPERAND) === 0 ? undefined : numbersOf(operand);
  return {
    kind: 'numbers',
    numbers: left.map((value, pair) => compute(operation, wide, value, right?.[pair] ?? imm)),
  };
}

/** Splits a path at a conditional jump: into the requests that jump and those that go on, as far as there are any. */
function branch(path: Path, instruction: Instruction): Path[] {
  const operation = operationOf(instruction.opcode);
  const wide = classOf(instruction.opcode) === CLASS.JMP;
  const left = path.registers[instruction.dst];
  const right = operandOf(instruction, path.registers);
  const target = path.at + instruction.offset;
  if (left?.kind === 'major' || left?.kind === 'minor') {
    const which = left.kind === 'major' ? 'majors' : 'minors';
    const [taken, rest] = splitSpans(path[which], operation, wide, constantOf(right));
    return [
      { ...path, [which]: taken, at: target },
      { ...path, [which]: rest },
    ].filter((next) => next[which].length > 0);
  }
  const [a, b] = [numbersOf(left), numbersOf(right)];
  const taken = path.pairs & pairsWhere((pair) => compare(operation, wide, a[pair] ?? 0, b[pair] ?? 0));
  return [
    { ...path, pairs: taken, at: target },
    { ...path, pairs: path.pairs & ~taken },
  ].filter(({ pairs }) => pairs !== 0);
}

/** Splits numbers by a comparison with a constant. Numbers are below 2^31, so 32 and 64 bits compare alike. */
function splitSpans(
  spans: readonly Span[],
  operation: number,
  wide: boolean,
  constantValue: number,
): [taken: Span[], rest: Span[]] {
  if (operation === JUMP.JSET) throw new UnsupportedInstructionError('a bit test on a number');
  // The outcome changes at the constant and right behind it at most.
  const cuts = [constantValue, constantValue + 1].filter((cut) => cut > 0 && cut <= LARGEST_NUMBER);
  const taken: Span[] = [];
  const rest: Span[] = [];
  for (const span of spans) {
    let first = span.first;
    for (const cut of [...cuts, LARGEST_NUMBER + 1]) {
      const last = Math.min(cut - 1, span.last);
      if (last < first) continue;
      (compare(operation, wide, first, constantValue) ? taken : rest).push({ first, last });
      first = last + 1;
    }
  }
  return [joined(taken), joined(rest)];
}

function joined(spans: readonly Span[]): Span[] {
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last?.last === span.first - 1) result[result.length - 1] = { first: last.first, last: span.last };
    else result.push(span);
  }
  return result;
}

function operandOf({ opcode, src, imm }: Instruction, registers: readonly (Value | undefined)[]): Value {
  if ((opcode & REGISTER_OPERAND) === 0) return constant(imm);
  const value = registers[src];
  if (value === undefined) throw new UnsupportedInstructionError(`r${src} is read before it is set`);
  return value;
}

function numbersOf(value: Value | undefined): readonly number[] {
  if (value?.kind !== 'numbers') throw new UnsupportedInstructionError('arithmetic on a device number or the context');
  return value.numbers;
}

function constantOf(value: Value): number {
  const all = numbersOf(value);
  const first = all[0] ?? 0;
  if (all.some((number) => number !== first))
    throw new UnsupportedInstructionError('a number compared with the access');
  return first;
}

const constants = new Map<number, Value>();

function constant(value: number): Value {
  const known = constants.get(value);
  if (known !== undefined) return known;
  const made = numbers(() => value);
  constants.set(value, made);
  return made;
}

function numbers(of: (type: NodeType, access: number) => number): Value {
  return { kind: 'numbers', numbers: PAIRS.map(([type, access]) => of(type, access)) };
}

function pairsWhere(holds: (pair: number) => boolean): number {
  return PAIRS.reduce((bits, _, pair) => bits | (holds(pair) ? 1 << pair : 0), 0);
}

function spansOf(cells: readonly Cell[], type: NodeType): MajorSpan[] {
  const shift = type === 'b' ? 0 : 8;
  const allowing = cells.filter(({ allowed }) => ((allowed >> shift) & 0xff) !== 0);
  return mergeMajors(
    pieces(allowing, ({ majors }) => majors).map(([major, within]) => ({
      ...major,
      minors: mergeMinors(
        pieces(within, ({ minors }) => minors).map(([minor, these]) => ({
          ...minor,
          verdicts: these.reduce<Verdicts>((verdicts, { allowed }) => verdicts | ((allowed >> shift) & 0xff), 0),
        })),
      ),
    })),
  );
}

/** Cuts all numbers at the borders of the cells, and gives each piece with the cells that hold it. */
function pieces(cells: readonly Cell[], spansOfCell: (cell: Cell) => readonly Span[]): [Span, Cell[]][] {
  const starting = new Map<number, Cell[]>();
  const ending = new Map<number, Cell[]>();
  const put = (map: Map<number, Cell[]>, at: number, cell: Cell): void => {
    const list = map.get(at);
    if (list === undefined) map.set(at, [cell]);
    else list.push(cell);
  };
  for (const cell of cells) {
    for (const { first, last } of spansOfCell(cell)) {
      put(starting, first, cell);
      put(ending, last + 1, cell);
    }
  }
  const borders = [...new Set([0, ...starting.keys(), ...ending.keys()])].sort((a, b) => a - b);
  const result: [Span, Cell[]][] = [];
  const active = new Set<Cell>();
  for (const [index, first] of borders.entries()) {
    if (first > LARGEST_NUMBER) break;
    for (const cell of ending.get(first) ?? []) active.delete(cell);
    for (const cell of starting.get(first) ?? []) active.add(cell);
    result.push([{ first, last: (borders[index + 1] ?? LARGEST_NUMBER + 1) - 1 }, [...active]]);
  }
  return result;
}
