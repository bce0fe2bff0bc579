import { type AssemblyLine, jump, jumpIf, type Label, label } from './assemble.ts';
import {
  type DeviceMap,
  LARGEST_NUMBER,
  type MajorSpan,
  type MinorSpan,
  overlay,
  sameMajors,
  sameMinors,
  type Verdicts,
} from './device-map.ts';
import { type ByteOrder, JUMP } from './instruction.ts';
import { type Ends, leafLabel, leaves, prologue, REGISTER, TYPE_NUMBER } from './program-frame.ts';

/** So many tests in a row cost less than one more step of a binary search. */
const LONGEST_RUN = 16;

/** A run of tests and what holds when none of them jumped away. */
interface Chain {
  readonly lines: readonly AssemblyLine[];
  readonly rest: Verdicts;
}

/** A test, or a few that belong together, for numbers from `first` on. */
interface Step {
  readonly first: number;
  readonly lines: readonly AssemblyLine[];
}

/**
 * Gives a program that tests type, then major, then minor, and ends in one leaf for each distinct set of verdicts.
 * Majors whose exceptions are few fall through to what holds for every other major.
 */
export function groupedLines(map: DeviceMap, byteOrder: ByteOrder, ends?: Ends): AssemblyLine[] {
  const body: AssemblyLine[] = [];
  let chain = chainOf(map.c, 'c');
  if (!sameMajors(map.b, map.c)) {
    const block = chainOf(map.b, 'b');
    if (block.lines.length === 0) {
      body.push(jumpIf(JUMP.JNE, REGISTER.TYPE, TYPE_NUMBER.c, leafLabel(block.rest)));
    } else if (chain.lines.length === 0) {
      body.push(jumpIf(JUMP.JEQ, REGISTER.TYPE, TYPE_NUMBER.c, leafLabel(chain.rest)));
      chain = block;
    } else {
      body.push(jumpIf(JUMP.JNE, REGISTER.TYPE, TYPE_NUMBER.c, 'block devices'));
      body.push(...chain.lines, jump(leafLabel(chain.rest)), label('block devices'));
      chain = block;
    }
  }
  body.push(...chain.lines, jump(leafLabel(chain.rest)));
  const used = new Set([...map.b, ...map.c].flatMap(({ minors }) => minors.map(({ verdicts }) => verdicts)));
  return [...prologue(body, byteOrder), ...body, ...leaves(chain.rest, used, byteOrder, ends)];
}

function chainOf(spans: readonly MajorSpan[], name: string): Chain {
  const common = mostFrequent(spans);
  const end = `${name}: any other major`;
  const steps = spans
    .filter(({ minors }) => !sameMinors(minors, common))
    .map((span) => ({ first: span.first, lines: majorLines(span, common, `${name} ${span.first}`) }));
  const { lines, rest } = minorChain(common, end);
  if (steps.length === 0) return { lines, rest };
  return { lines: [...search(steps, REGISTER.MAJOR, end), label(end), ...lines], rest };
}

/** Gives the tests of one span of majors, by the shorter of two ways: only what differs from `common`, or everything. */
function majorLines({ first, last, minors }: MajorSpan, common: readonly MinorSpan[], name: string): AssemblyLine[] {
  const past = `${name}: past`;
  const whole = minorChain(minors, name);
  if (whole.lines.length === 0) return insideLines(REGISTER.MAJOR, first, last, leafLabel(whole.rest), past);
  const differing = minorLines(differences(minors, common), past);
  const guard = outsideLines(REGISTER.MAJOR, first, last, past);
  return differing.length <= whole.lines.length + 1
    ? [...guard, ...differing, label(past)]
    : [...guard, ...whole.lines, jump(leafLabel(whole.rest)), label(past)];
}

/** Gives the pieces in which `minors` decides otherwise than `common`. */
function differences(minors: readonly MinorSpan[], common: readonly MinorSpan[]): MinorSpan[] {
  const pieces = overlay(minors, common).filter(([, , own, other]) => own.verdicts !== other.verdicts);
  const joined: MinorSpan[] = [];
  for (const [first, last, { verdicts }] of pieces) {
    const previous = joined.at(-1);
    if (previous?.last === first - 1 && previous.verdicts === verdicts)
      joined[joined.length - 1] = { ...previous, last };
    else joined.push({ first, last, verdicts });
  }
  return joined;
}

/** Gives tests for all minors but those of the verdicts that would need the most of them. */
function minorChain(minors: readonly MinorSpan[], name: string): Chain {
  const cost = new Map<Verdicts, number>();
  let rest = minors[0]?.verdicts ?? 0;
  for (const { first, last, verdicts } of minors) {
    const isWide = first !== last && first !== 0 && last !== LARGEST_NUMBER;
    cost.set(verdicts, (cost.get(verdicts) ?? 0) + (isWide ? 2 : 1));
    if ((cost.get(verdicts) ?? 0) > (cost.get(rest) ?? 0)) rest = verdicts;
  }
  const spans = minors.filter(({ verdicts }) => verdicts !== rest);
  const end = `${name}: any other minor`;
  return { lines: spans.length === 0 ? [] : [...minorLines(spans, end), label(end)], rest };
}

function minorLines(spans: readonly MinorSpan[], past: Label): AssemblyLine[] {
  const steps = spans.map(({ first, last, verdicts }) => ({
    first,
    lines: insideLines(REGISTER.MINOR, first, last, leafLabel(verdicts), `${past} minor ${first}`),
  }));
  return search(steps, REGISTER.MINOR, past);
}

/** Puts steps in a row, or halves them until a row is short; what no step takes goes on at `end`. */
function search(steps: readonly Step[], register: number, end: Label): AssemblyLine[] {
  const middle = steps[steps.length >> 1];
  if (steps.length <= LONGEST_RUN || middle === undefined) return steps.flatMap(({ lines }) => lines);
  const upper = `${end}, from ${middle.first}`;
  return [
    jumpIf(JUMP.JGE, register, middle.first, upper),
    ...search(steps.slice(0, steps.length >> 1), register, end),
    jump(end),
    label(upper),
    ...search(steps.slice(steps.length >> 1), register, end),
  ];
}

/** Jumps to `target` when the register lies between `first` and `last`; goes on behind otherwise. */
function insideLines(register: number, first: number, last: number, target: Label, past: Label): AssemblyLine[] {
  if (first === last) return [jumpIf(JUMP.JEQ, register, first, target)];
  if (first === 0) return [jumpIf(JUMP.JLE, register, last, target)];
  if (last === LARGEST_NUMBER) return [jumpIf(JUMP.JGE, register, first, target)];
  const skip = `${past}, below`;
  return [jumpIf(JUMP.JLT, register, first, skip), jumpIf(JUMP.JLE, register, last, target), label(skip)];
}

/** Jumps to `past` when the register does not lie between `first` and `last`. */
function outsideLines(register: number, first: number, last: number, past: Label): AssemblyLine[] {
  if (first === last) return [jumpIf(JUMP.JNE, register, first, past)];
  return [
    ...(first === 0 ? [] : [jumpIf(JUMP.JLT, register, first, past)]),
    ...(last === LARGEST_NUMBER ? [] : [jumpIf(JUMP.JGT, register, last, past)]),
  ];
}

/** Gives the minors that most spans of majors share. */
function mostFrequent(spans: readonly MajorSpan[]): readonly MinorSpan[] {
  const counts = new Map<string, number>();
  let best: readonly MinorSpan[] = spans[0]?.minors ?? [];
  let most = 0;
  for (const { minors } of spans) {
    const key = minors.map(({ last, verdicts }) => `${last}:${verdicts}`).join();
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > most) [best, most] = [minors, count];
  }
  return best;
}
