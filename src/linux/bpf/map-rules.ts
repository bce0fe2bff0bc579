import {
  ALWAYS,
  type DeviceMap,
  type MajorSpan,
  NEVER,
  overlay,
  sameMinors,
  type Verdicts,
  verdictsWhere,
} from './device-map.ts';
import { ACCESS, ACCESS_MASKS, ALL_ACCESS, type NodeType, parseAccess, renderAccess } from './device-request.ts';
import { ANY_NUMBER, type DeviceRule } from './device-rule.ts';

/** A map told in rules: what holds where no rule fits, and the rules from the general to the special; the last that fits decides. */
export interface MapRules {
  readonly default: 'allow' | 'deny';
  readonly rules: readonly DeviceRule[];
}

interface Span {
  readonly first: number;
  readonly last: number;
}

/** A rule names one number, so a span is told number by number; more rules than this are of use to nobody. */
const RULES_LIMIT = 8192;

/**
 * Tells a map in the rules people write. A denied letter is one that no longer opens by itself; what a program does
 * with combined requests beyond that (see docs/devices.md, «leak») has no place in rules.
 *
 * @returns undefined when it takes more than 8,192 rules
 */
export function rulesOfMap(map: DeviceMap): MapRules | undefined {
  const isOpen = [map.b, map.c].every((majors) => widest(widest(majors).minors).verdicts === ALWAYS);
  const told: DeviceRule[] = [];
  for (const type of ['c', 'b'] as const) {
    const rules = rulesOfType(type, map[type], isOpen ? ALWAYS : NEVER);
    if (rules === undefined) return undefined;
    told.push(...rules);
  }
  return { default: isOpen ? 'allow' : 'deny', rules: told };
}

function rulesOfType(type: NodeType, majors: readonly MajorSpan[], outer: Verdicts): DeviceRule[] | undefined {
  const common = widest(majors).minors;
  const rest = widest(common).verdicts;
  const rules: DeviceRule[] = [];
  const add = (major: number, minor: number, from: Verdicts, to: Verdicts): void => {
    rules.push(...change(from, to).map(({ allow, access }) => ({ allow, type, major, minor, access })));
  };
  add(ANY_NUMBER, ANY_NUMBER, outer, rest);
  const commonMinors = numbersIn(common.filter(({ verdicts }) => change(rest, verdicts).length > 0));
  if (commonMinors === undefined) return undefined;
  for (const [minor, { verdicts }] of commonMinors) add(ANY_NUMBER, minor, rest, verdicts);

  const special = numbersIn(majors.filter(({ minors }) => !sameMinors(minors, common)));
  if (special === undefined) return undefined;
  for (const [major, { minors }] of special) {
    const own = widest(minors).verdicts;
    const spoken = change(rest, own).reduce((bits, { access }) => bits | parseAccess(access), 0);
    add(major, ANY_NUMBER, rest, own);
    const pieces = overlay(minors, common).map(([first, last, { verdicts }, other]) => ({
      first,
      last,
      verdicts,
      from: hide(other.verdicts, own, spoken),
    }));
    const differing = numbersIn(pieces.filter(({ verdicts, from }) => change(from, verdicts).length > 0));
    if (differing === undefined) return undefined;
    for (const [minor, { from, verdicts }] of differing) add(major, minor, from, verdicts);
    if (rules.length > RULES_LIMIT) return undefined;
  }
  return rules;
}

/** Gives what holds for a minor after the rules for its whole major, which hide those for the minor in the bits they name. */
function hide(minor: Verdicts, major: Verdicts, spoken: number): Verdicts {
  return verdictsWhere((mask) => {
    const visible = (mask & spoken) === mask || passes(minor, mask & ~spoken);
    return visible && ((mask & spoken) === 0 || passes(major, mask & spoken));
  });
}

function passes(verdicts: Verdicts, mask: number): boolean {
  return (verdicts & (1 << mask)) !== 0;
}

/** Gives each number of each span with its span, or undefined when there are more than {@link RULES_LIMIT}. */
function numbersIn<T extends Span>(spans: readonly T[]): [number, T][] | undefined {
  const count = spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (count > RULES_LIMIT) return undefined;
  return spans.flatMap((span) =>
    Array.from({ length: span.last - span.first + 1 }, (_, index): [number, T] => [span.first + index, span]),
  );
}

/** Gives the span that holds most numbers: what it says is what holds where nothing special is said. */
function widest<T extends Span>(spans: readonly T[]): T {
  return spans.reduce((best, span) => (span.last - span.first > best.last - best.first ? span : best));
}

/** Gives the rules that lead from one set of verdicts to another. */
function change(from: Verdicts, to: Verdicts): { allow: boolean; access: string }[] {
  const lost = Object.values(ACCESS)
    .filter((bit) => passes(from, bit) && !passes(to, bit))
    .reduce((sum, bit) => sum | bit, 0);
  // A rule opens what it names in all its parts, so only requests whose every part passes can be told.
  const told = ACCESS_MASKS.filter(
    (mask) => mask !== 0 && ACCESS_MASKS.every((part) => part === 0 || (part & ~mask) !== 0 || passes(to, part)),
  );
  const largest = told.filter(
    (mask) => !passes(from, mask) && !told.some((wider) => wider !== mask && (wider & mask) === mask),
  );
  const gained = largest.map((mask) => ({ allow: true, access: renderAccess(mask) }));
  if (lost === 0) return gained;
  return [{ allow: false, access: renderAccess(to === NEVER ? ALL_ACCESS : lost) }, ...gained];
}
