import { type AssemblyLine, jump, jumpIf, label } from './assemble.ts';
import type { DeviceEntry, DeviceList } from './device-list.ts';
import { ALWAYS, LARGEST_NUMBER, NEVER } from './device-map.ts';
import { ALL_ACCESS } from './device-request.ts';
import { ANY_NUMBER } from './device-rule.ts';
import { type ByteOrder, JUMP } from './instruction.ts';
import { leafLabel, leaves, prologue, REGISTER, TYPE_NUMBER } from './program-frame.ts';

/** Gives a program that tests entry by entry, in their order, and shares the two exits: linear in size, whatever the list. */
export function listedLines({ entries, defaultAllow }: DeviceList, byteOrder: ByteOrder): AssemblyLine[] {
  const body = entries.filter(isReachable).flatMap((entry, index) => entryLines(entry, `past entry ${index}`));
  const rest = defaultAllow ? ALWAYS : NEVER;
  return [
    ...prologue(body, byteOrder),
    ...body,
    jump(leafLabel(rest)),
    ...leaves(rest, new Set([ALWAYS, NEVER]), byteOrder),
  ];
}

function entryLines({ allow, type, major, minor, access }: DeviceEntry, past: string): AssemblyLine[] {
  const tests: (readonly [register: number, value: number])[] = [];
  if (type !== 'a') tests.push([REGISTER.TYPE, TYPE_NUMBER[type]]);
  if (major !== ANY_NUMBER) tests.push([REGISTER.MAJOR, major]);
  if (minor !== ANY_NUMBER) tests.push([REGISTER.MINOR, minor]);
  const verdict = leafLabel(allow ? ALWAYS : NEVER);
  const last = tests.at(-1);
  return [
    ...(access === ALL_ACCESS ? [] : [jumpIf(JUMP.JSET, REGISTER.ACCESS, ALL_ACCESS & ~access, past)]),
    ...tests.slice(0, -1).map(([register, value]) => jumpIf(JUMP.JNE, register, value, past)),
    last === undefined ? jump(verdict) : jumpIf(JUMP.JEQ, last[0], last[1], verdict),
    label(past),
  ];
}

function isReachable({ major, minor }: DeviceEntry): boolean {
  return [major, minor].every((number) => number >= ANY_NUMBER && number <= LARGEST_NUMBER);
}
