import type { NodeType } from './device-request.ts';

/** A type as a rule may name it: `a` is both. */
export type RuleType = NodeType | 'a';

/** Stands for any major or minor number. */
export const ANY_NUMBER = -1;

/**
 * One entry of an allow-list, as `linux.resources.devices` has it, with what was absent filled in: type `a`,
 * numbers -1. `access` keeps its letters: the runtimes differ in what they make of odd ones.
 */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: RuleType;
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

/** Writes a rule the way device cgroups do: `c 10:229 rwm`. */
export function renderRule({ type, major, minor, access }: Omit<DeviceRule, 'allow'>): string {
  return `${type} ${renderNumber(major)}:${renderNumber(minor)} ${access}`;
}

function renderNumber(number: number): string {
  return number === ANY_NUMBER ? '*' : String(number);
}
