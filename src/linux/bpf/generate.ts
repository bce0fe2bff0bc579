import { assemble, callHelper, exit, jump, label, move } from './assemble.ts';
import { crossings, type DeviceList } from './device-list.ts';
import type { DeviceMap } from './device-map.ts';
import { groupedLines } from './grouped-program.ts';
import type { ByteOrder, Instruction } from './instruction.ts';
import { mapOfList } from './list-map.ts';
import { listedLines } from './listed-program.ts';
import { FILTER_ENDS, REGISTER } from './program-frame.ts';

/** Beyond so many pairs of a major and a wildcard minor, working out every pair would cost more than it saves. */
const CROSSINGS_LIMIT = 1 << 16;

/** `bpf_set_retval` in linux/bpf.h. */
const HELPER_SET_RETVAL = 187;

const NEXT_PROGRAM = 'next program';

/**
 * Gives the shortest program we know for a list: grouped by type, major, minor and verdict, or, where wildcards
 * multiply, entry by entry. Either way it is never longer than the layout of runc or crun for the same list.
 *
 * @throws ProgramTooLongError for lists of ten thousands of entries
 */
export function generateFromList(list: DeviceList, byteOrder: ByteOrder): Instruction[] {
  const listed = assemble(listedLines(list, byteOrder));
  if (crossings(list) > CROSSINGS_LIMIT) return listed;
  const grouped = generateFromMap(mapOfList(list), byteOrder);
  return grouped.length <= listed.length ? grouped : listed;
}

/**
 * Gives the grouped program for a map.
 *
 * @throws ProgramTooLongError for maps of ten thousands of spans
 */
export function generateFromMap(map: DeviceMap, byteOrder: ByteOrder): Instruction[] {
  return assemble(groupedLines(map, byteOrder));
}

/**
 * Gives instructions to put in front of another program: what `map` allows passes at once, all else is left to the
 * program behind. They keep r1 and write only registers that a program must set before it reads them.
 *
 * @param map - not the one that allows everything: then nothing would reach the program behind
 */
export function generatePrefix(map: DeviceMap, byteOrder: ByteOrder): Instruction[] {
  // The exit stands for the first instruction of the program behind; only its place counts.
  const ends = { ...FILTER_ENDS, never: [jump(NEXT_PROGRAM)] };
  return assemble([...groupedLines(map, byteOrder, ends), label(NEXT_PROGRAM), exit()]).slice(0, -1);
}

/**
 * Gives a program that undoes a denial by those that ran before it, for what `map` allows, and leaves all else as it
 * is: `bpf_set_retval(0)`. The kernel takes it from 5.18 on, and only when it is loaded for device cgroups by name.
 */
export function generateOverride(map: DeviceMap, byteOrder: ByteOrder): Instruction[] {
  const pass = [move(REGISTER.RESULT, 1), exit()];
  const always = [move(REGISTER.CONTEXT, 0), callHelper(HELPER_SET_RETVAL), ...pass];
  return assemble(groupedLines(map, byteOrder, { always, never: pass }));
}
