import {
  type AssemblyLine,
  arithmetic,
  arithmeticRegister,
  exit,
  jump,
  jumpIf,
  type Label,
  label,
  loadHalf,
  loadWord,
  move,
} from './assemble.ts';
import { ALWAYS, NEVER, type Verdicts } from './device-map.ts';
import { ALU, type ByteOrder, JUMP, OPCODE } from './instruction.ts';

/** Registers by what they hold; r1, the context, is never written, so that another program can follow. */
export const REGISTER = { RESULT: 0, CONTEXT: 1, TYPE: 2, ACCESS: 3, MAJOR: 4, MINOR: 5 } as const;

/** What the kernel puts in the low half of `access_type` (`BPF_DEVCG_DEV_BLOCK`, `BPF_DEVCG_DEV_CHAR`). */
export const TYPE_NUMBER = { b: 1, c: 2 } as const;

const OFFSET_MAJOR = 4;
const OFFSET_MINOR = 8;
const LOOK_UP = 'look the access up';

/** Gives the label of the code that ends the program with these verdicts. */
export function leafLabel(verdicts: Verdicts): Label {
  return `verdicts ${verdicts}`;
}

/** Loads what the body reads, and nothing else. */
export function prologue(body: readonly AssemblyLine[], byteOrder: ByteOrder): AssemblyLine[] {
  const read = new Set<number>();
  for (const line of body) {
    if (line.kind === 'jump' && line.instruction.opcode !== OPCODE.JA) read.add(line.instruction.dst);
  }
  const { TYPE, ACCESS, MAJOR, MINOR, CONTEXT } = REGISTER;
  const lines: AssemblyLine[] = [];
  if (read.has(TYPE)) lines.push(loadHalf(TYPE, CONTEXT, byteOrder === 'LE' ? 0 : 2));
  if (read.has(ACCESS)) lines.push(loadAccess(byteOrder));
  if (read.has(MAJOR)) lines.push(loadWord(MAJOR, CONTEXT, OFFSET_MAJOR));
  if (read.has(MINOR)) lines.push(loadWord(MINOR, CONTEXT, OFFSET_MINOR));
  return lines;
}

/** What a program does with a request that passes, and with one that does not; each ends the program or jumps away. */
export interface Ends {
  readonly always: readonly AssemblyLine[];
  readonly never: readonly AssemblyLine[];
}

/** The ends of a filter: its result is 1 or 0. */
export const FILTER_ENDS: Ends = {
  always: [move(REGISTER.RESULT, 1), exit()],
  never: [move(REGISTER.RESULT, 0), exit()],
};

/**
 * Gives the ends of a program, `first` leading so that the body can fall into it. Verdicts that depend on the access
 * share one look-up: r0 holds the eight verdicts, shifted by the access until its own is the lowest bit.
 */
export function leaves(
  first: Verdicts,
  all: ReadonlySet<Verdicts>,
  byteOrder: ByteOrder,
  ends: Ends = FILTER_ENDS,
): AssemblyLine[] {
  const ordered = [first, ...[...all].filter((verdicts) => verdicts !== first)];
  const varying = ordered.filter((verdicts) => verdicts !== ALWAYS && verdicts !== NEVER);
  const fixed = ordered.filter((verdicts) => !varying.includes(verdicts));
  // A filter's look-up ends in r0 itself; any other has to reach the ends, whatever else uses them.
  if (ends !== FILTER_ENDS && varying.length > 0) {
    fixed.push(...[ALWAYS, NEVER].filter((verdicts) => !fixed.includes(verdicts)));
  }
  const fixedLines = fixed.flatMap((verdicts) => [
    label(leafLabel(verdicts)),
    ...(verdicts === ALWAYS ? ends.always : ends.never),
  ]);
  const varyingLines = varying.flatMap((verdicts, index) => [
    label(leafLabel(verdicts)),
    move(REGISTER.RESULT, verdicts),
    jump(LOOK_UP),
    ...(index === 0 ? lookUp(byteOrder, ends) : []),
  ]);
  return fixed[0] === first ? [...fixedLines, ...varyingLines] : [...varyingLines, ...fixedLines];
}

function lookUp(byteOrder: ByteOrder, ends: Ends): AssemblyLine[] {
  const { RESULT, ACCESS } = REGISTER;
  const shift = [label(LOOK_UP), loadAccess(byteOrder), arithmeticRegister(ALU.RSH, RESULT, ACCESS)];
  if (ends === FILTER_ENDS) return [...shift, arithmetic(ALU.AND, RESULT, 1), exit()];
  return [...shift, jumpIf(JUMP.JSET, RESULT, 1, leafLabel(ALWAYS)), jump(leafLabel(NEVER))];
}

function loadAccess(byteOrder: ByteOrder): AssemblyLine {
  return loadHalf(REGISTER.ACCESS, REGISTER.CONTEXT, byteOrder === 'LE' ? 2 : 0);
}
