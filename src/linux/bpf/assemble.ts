import { ALU, CLASS, type Instruction, JUMP, OPCODE, REGISTER_OPERAND } from './instruction.ts';

/** A name for a place in a program that jumps can aim at. */
export type Label = string;

/** A line of assembly: an instruction, a jump to a label, or the label itself. */
export type AssemblyLine =
  | { readonly kind: 'instruction'; readonly instruction: Instruction }
  | { readonly kind: 'jump'; readonly instruction: Instruction; readonly target: Label }
  | { readonly kind: 'label'; readonly label: Label };

/** The farthest a jump reaches, in instructions: its offset has 16 bits. */
const LONGEST_JUMP = 0x7fff;

/** Gives `dst = imm` on 32 bits; the upper half becomes 0. */
export function move(dst: number, imm: number): AssemblyLine {
  return arithmetic(ALU.MOV, dst, imm);
}

/** Gives `dst op= imm` on 32 bits. */
export function arithmetic(operation: number, dst: number, imm: number): AssemblyLine {
  return line(CLASS.ALU | operation, dst, 0, 0, imm);
}

/** Gives `dst op= src` on 32 bits. */
export function arithmeticRegister(operation: number, dst: number, src: number): AssemblyLine {
  return line(CLASS.ALU | operation | REGISTER_OPERAND, dst, src, 0, 0);
}

/** Gives `dst = *(u32 *)(src + offset)`. */
export function loadWord(dst: number, src: number, offset: number): AssemblyLine {
  return line(OPCODE.LDXW, dst, src, offset, 0);
}

/** Gives `dst = *(u16 *)(src + offset)`; a narrow load at an offset inside a word needs kernel 5.0. */
export function loadHalf(dst: number, src: number, offset: number): AssemblyLine {
  return line(OPCODE.LDXH, dst, src, offset, 0);
}

/** Gives a conditional jump on 64 bits; `imm` is sign-extended by the kernel. */
export function jumpIf(operation: number, dst: number, imm: number, target: Label): AssemblyLine {
  return { kind: 'jump', instruction: { opcode: CLASS.JMP | operation, dst, src: 0, offset: 0, imm }, target };
}

/** Gives an unconditional jump. */
export function jump(target: Label): AssemblyLine {
  return { kind: 'jump', instruction: { opcode: OPCODE.JA, dst: 0, src: 0, offset: 0, imm: 0 }, target };
}

/** Gives a call of a kernel helper by its number: its arguments are r1 to r5, its result r0. */
export function callHelper(number: number): AssemblyLine {
  return line(OPCODE.CALL, 0, 0, 0, number);
}

/** Gives the end of the program: r0 is its result. */
export function exit(): AssemblyLine {
  return line(OPCODE.EXIT, 0, 0, 0, 0);
}

/** Gives the place that jumps to `name` aim at: the next instruction. */
export function label(name: Label): AssemblyLine {
  return { kind: 'label', label: name };
}

/** Thrown when a program is too long for its jumps: more rules than a 16-bit offset can pass over. */
export class ProgramTooLongError extends Error {
  override readonly name = 'ProgramTooLongError';
}

/**
 * Turns lines into a program: jumps that go to the very next instruction vanish, code that nothing reaches is left
 * out (the verifier refuses it), then labels become offsets.
 *
 * @throws ProgramTooLongError when an offset would not fit
 */
export function assemble(lines: readonly AssemblyLine[]): Instruction[] {
  let body = lines;
  for (;;) {
    const shorter = withoutDeadLines(withoutIdleJumps(body));
    if (shorter.length === body.length) break;
    body = shorter;
  }
  const places = placesOf(body);
  const program: Instruction[] = [];
  for (const entry of body) {
    if (entry.kind === 'instruction') program.push(entry.instruction);
    if (entry.kind !== 'jump') continue;
    const offset = placeOf(places, entry.target) - program.length - 1;
    if (Math.abs(offset) > LONGEST_JUMP) throw new ProgramTooLongError('a jump would pass over 32767 instructions');
    program.push({ ...entry.instruction, offset });
  }
  return program;
}

function line(opcode: number, dst: number, src: number, offset: number, imm: number): AssemblyLine {
  return { kind: 'instruction', instruction: { opcode, dst, src, offset, imm } };
}

/** Gives for each label the number of the instruction that follows it. */
function placesOf(lines: readonly AssemblyLine[]): ReadonlyMap<Label, number> {
  const places = new Map<Label, number>();
  let count = 0;
  for (const entry of lines) {
    if (entry.kind === 'label') places.set(entry.label, count);
    else count++;
  }
  return places;
}

function placeOf(places: ReadonlyMap<Label, number>, target: Label): number {
  const place = places.get(target);
  if (place === undefined) throw new TypeError(`the label ${target} is nowhere in the program`);
  return place;
}

function withoutIdleJumps(lines: readonly AssemblyLine[]): AssemblyLine[] {
  const places = placesOf(lines);
  let count = 0;
  return lines.filter((entry) => {
    if (entry.kind === 'label') return true;
    count++;
    const idle = entry.kind === 'jump' && entry.instruction.opcode === OPCODE.JA;
    return !(idle && placeOf(places, entry.target) === count);
  });
}

function withoutDeadLines(lines: readonly AssemblyLine[]): AssemblyLine[] {
  const indexOfLabel = new Map<Label, number>();
  for (const [index, entry] of lines.entries()) if (entry.kind === 'label') indexOfLabel.set(entry.label, index);
  const alive = new Set<number>();
  const open = [0];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    while (index < lines.length && !alive.has(index)) {
      alive.add(index);
      const entry = lines[index];
      if (entry === undefined) break;
      if (entry.kind === 'jump') open.push(placeOf(indexOfLabel, entry.target));
      if (entry.kind !== 'label' && endsFlow(entry.instruction)) break;
      index++;
    }
  }
  return lines.filter((entry, index) => entry.kind === 'label' || alive.has(index));
}

function endsFlow({ opcode }: Instruction): boolean {
  return opcode === OPCODE.JA || opcode === CLASS.JMP + JUMP.EXIT;
}
