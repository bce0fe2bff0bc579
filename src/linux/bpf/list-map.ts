import type { DeviceEntry, DeviceList } from './device-list.ts';
import {
  ALWAYS,
  type DeviceMap,
  LARGEST_NUMBER,
  type MajorSpan,
  type MinorSpan,
  mergeMajors,
  mergeMinors,
  NEVER,
  spread,
  type Verdicts,
  verdictsWithin,
} from './device-map.ts';
import type { NodeType } from './device-request.ts';
import { ANY_NUMBER } from './device-rule.ts';

/** Gives the map of a list: what its entries, read from top to bottom, come to for each device. */
export function mapOfList(list: DeviceList): DeviceMap {
  return { b: spansOfList(list, 'b'), c: spansOfList(list, 'c') };
}

/** Entries by what they name, each with its place in the list: the first that applies is the lowest place. */
interface EntryIndex {
  readonly everywhere: readonly number[];
  readonly byMinor: ReadonlyMap<number, readonly number[]>;
  readonly byMajor: ReadonlyMap<number, { readonly all: readonly number[]; readonly byMinor: Map<number, number[]> }>;
}

function spansOfList({ entries, defaultAllow }: DeviceList, type: NodeType): MajorSpan[] {
  const index = indexEntries(entries, type);
  const rest = defaultAllow ? ALWAYS : NEVER;
  const verdicts = (...lists: (readonly number[] | undefined)[]): Verdicts =>
    decide(
      entries,
      lists.flatMap((list) => list ?? []),
      rest,
    );
  const minorsOf = (major: number | undefined): MinorSpan[] => {
    const own = major === undefined ? undefined : index.byMajor.get(major);
    const named = new Set([...index.byMinor.keys(), ...(own?.byMinor.keys() ?? [])]);
    const other = verdicts(index.everywhere, own?.all);
    return mergeMinors(
      spread([...named], (minor) => ({
        verdicts:
          minor === undefined
            ? other
            : verdicts(index.everywhere, own?.all, index.byMinor.get(minor), own?.byMinor.get(minor)),
      })),
    );
  };
  const anywhere = minorsOf(undefined);
  return mergeMajors(
    spread([...index.byMajor.keys()], (major) => ({ minors: major === undefined ? anywhere : minorsOf(major) })),
  );
}

function indexEntries(entries: readonly DeviceEntry[], type: NodeType): EntryIndex {
  const everywhere: number[] = [];
  const byMinor = new Map<number, number[]>();
  const byMajor = new Map<number, { all: number[]; byMinor: Map<number, number[]> }>();
  for (const [place, entry] of entries.entries()) {
    if (entry.type !== 'a' && entry.type !== type) continue;
    const { major, minor } = entry;
    if (!isReachable(major) || !isReachable(minor)) continue;
    let minors = byMinor;
    let all = everywhere;
    if (major !== ANY_NUMBER) {
      const own = byMajor.get(major) ?? { all: [], byMinor: new Map<number, number[]>() };
      byMajor.set(major, own);
      ({ byMinor: minors, all } = own);
    }
    if (minor === ANY_NUMBER) all.push(place);
    else minors.set(minor, [...(minors.get(minor) ?? []), place]);
  }
  return { everywhere, byMinor, byMajor };
}

function isReachable(number: number): boolean {
  return number === ANY_NUMBER || (number >= 0 && number <= LARGEST_NUMBER);
}

function decide(entries: readonly DeviceEntry[], places: number[], rest: Verdicts): Verdicts {
  let allowed = NEVER;
  let decided = NEVER;
  for (const place of places.sort((a, b) => a - b)) {
    const entry = entries[place];
    if (entry === undefined) continue;
    const fresh = verdictsWithin(entry.access) & ~decided;
    decided |= fresh;
    if (entry.allow) allowed |= fresh;
    if (decided === ALWAYS) break;
  }
  return allowed | (rest & ~decided);
}
