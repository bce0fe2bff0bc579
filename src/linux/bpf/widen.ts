import { UnsupportedInstructionError } from './arithmetic.ts';
import { ALWAYS, combineMaps, type DeviceMap, mapAllows, sameMap, uniformMap } from './device-map.ts';
import type { DeviceRequest } from './device-request.ts';
import { generateFromMap, generatePrefix } from './generate.ts';
import { type ByteOrder, type Instruction, OPCODE } from './instruction.ts';
import { interpret } from './interpret.ts';
import { liftProgram } from './lift.ts';
import { probes } from './probes.ts';
import { unblind } from './unblind.ts';

/**
 * How a program that is attached comes to allow more. `lifted`: written anew from what it was found to do. `prepended`:
 * tests in front of it, its own code untouched. `unchanged`: it allows all of it already.
 */
export type Widening =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'lifted' | 'prepended'; readonly program: readonly Instruction[] }
  | { readonly kind: 'impossible'; readonly reason: string };

/**
 * Plans the program that allows what `program` allows, and what `extra` allows besides, and nothing else. The new
 * program is proved before it is given: it is lifted in turn and must decide as the two together, and both are run
 * on probes.
 *
 * @param program - as the kernel gives it back, blinded or not
 */
export function planWidening(program: readonly Instruction[], extra: DeviceMap, byteOrder: ByteOrder): Widening {
  const plain = unblind(program);
  if (plain === undefined) return { kind: 'impossible', reason: 'its constants are blinded in an unknown way' };
  const map = liftProgram(plain, byteOrder);
  if (map === undefined) return prepend(plain, extra, byteOrder);
  const wider = combineMaps(map, extra, (left, right) => left | right);
  if (sameMap(wider, map)) return { kind: 'unchanged' };
  const generated = generateFromMap(wider, byteOrder);
  const lifted = liftProgram(generated, byteOrder);
  if (lifted === undefined || !sameMap(lifted, wider) || !agree(plain, generated, extra, wider, byteOrder)) {
    return prepend(plain, extra, byteOrder);
  }
  return { kind: 'lifted', program: generated };
}

function prepend(program: readonly Instruction[], extra: DeviceMap, byteOrder: ByteOrder): Widening {
  // What the kernel gives back names no helper, and maps by numbers that only hold for the first load.
  if (program.some(({ opcode }) => opcode === OPCODE.CALL || opcode === OPCODE.LDDW)) {
    return { kind: 'impossible', reason: 'it calls kernel helpers or uses maps, which cannot be loaded again' };
  }
  // Code that nothing reaches is refused, so where everything is granted the old program has to go.
  const isAll = sameMap(extra, uniformMap(ALWAYS));
  const prefix = isAll ? [] : generatePrefix(extra, byteOrder);
  if (prefix.length > 0 && startsWith(program, prefix)) return { kind: 'unchanged' };
  const joined = isAll ? generateFromMap(extra, byteOrder) : [...prefix, ...program];
  if (!agree(program, joined, extra, extra, byteOrder)) {
    return { kind: 'impossible', reason: 'the widened program failed its proof' };
  }
  return { kind: 'prepended', program: joined };
}

function startsWith(program: readonly Instruction[], prefix: readonly Instruction[]): boolean {
  return prefix.every((instruction, index) => {
    const other = program[index];
    return (
      other !== undefined &&
      other.opcode === instruction.opcode &&
      other.dst === instruction.dst &&
      other.src === instruction.src &&
      other.offset === instruction.offset &&
      other.imm === instruction.imm
    );
  });
}

/** Runs both programs on probes at the borders of `borders`: the new one must allow what the old or `extra` does. */
function agree(
  before: readonly Instruction[],
  after: readonly Instruction[],
  extra: DeviceMap,
  borders: DeviceMap,
  byteOrder: ByteOrder,
): boolean {
  for (const request of probes(borders)) {
    const wanted = decide(before, request, byteOrder);
    // A program beyond the interpreter is only put behind tests of ours, never rewritten.
    if (wanted === undefined) return true;
    if (interpret(after, request, byteOrder) !== (wanted || mapAllows(extra, request))) return false;
  }
  return true;
}

function decide(program: readonly Instruction[], request: DeviceRequest, byteOrder: ByteOrder): boolean | undefined {
  try {
    return interpret(program, request, byteOrder);
  } catch (error) {
    if (error instanceof UnsupportedInstructionError) return undefined;
    throw error;
  }
}
