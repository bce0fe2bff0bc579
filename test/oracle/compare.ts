import { basename, dirname } from 'node:path';
import type { OracleAnswer, OracleFile, OracleHook, OracleStages } from './oracle.ts';
import type { InjectInput, OwnAnswer, OwnInjection, Sources } from './own-answer.ts';

/**
 * The deliberate differences that random cases meet; everything else must be equal. The rest of the list in
 * docs/reference-differences needs no rule here: messages are not compared, hasBindMounts is given, duplicates are kept,
 * Debian's reference still leaves `prestart` as written, and YAML files have a case of their own.
 */
export type KnownDifference =
  /** A missing hook path makes the reference drop the definition, its other errors and later errors of its directory. */
  | 'missing-path-hides-errors'
  /** The reference puts files whose names are equal but for case in random order; here it is directory, then bytes. */
  | 'names-equal-but-for-case';

/** What comparing one case found. */
export interface Comparison {
  readonly disagreements: readonly string[];
  readonly known: readonly KnownDifference[];
}

/**
 * Compares this library's answer with the reference's.
 *
 * @param edited - the reference's reading of the config.json that `editConfigText` wrote
 */
export function compare(
  input: InjectInput,
  reference: OracleAnswer,
  own: OwnAnswer,
  edited: OracleAnswer | undefined,
): Comparison {
  if (own.crash !== undefined) return { disagreements: [`we crash: ${own.crash}`], known: [] };
  const files = reference.files ?? [];
  const load = compareLoad(files, reference, own);
  if (reference.during === 'load' || own.invalid.size > 0 || load.disagreements.length > 0) return load;

  if (reference.during === 'match') {
    const agreed = own.matchError === 'PROCESS_ARGS_EMPTY' && reference.error?.includes('process.args must have');
    const disagreement = `the reference fails to match (${reference.error}), we: ${own.matchError ?? 'match'}`;
    return agreed ? load : { disagreements: [disagreement], known: [] };
  }
  if (!own.injected || !edited) return { disagreements: [`we fail to match: ${own.matchError}`], known: [] };
  const hooks = compareInjection(input, reference, own.injected, edited);
  return { disagreements: [...load.disagreements, ...hooks.disagreements], known: [...load.known, ...hooks.known] };
}

function compareLoad(files: readonly OracleFile[], reference: OracleAnswer, own: OwnAnswer): Comparison {
  const disagreements: string[] = [];
  const known: KnownDifference[] = [];
  for (const file of files) {
    const wrong = file.error ?? file.other;
    if ((wrong !== undefined) !== own.invalid.has(file.path)) {
      disagreements.push(`${file.path}: the reference says ${wrong ?? 'nothing is wrong'}, we the contrary`);
    }
    const dropped = file.missing === true && file.other === undefined;
    if (dropped !== (own.missing.has(file.path) && !own.invalid.has(file.path))) {
      disagreements.push(`${file.path}: is the hook's path missing? the reference: ${dropped}`);
    }
  }
  const anyWrong = files.some((file) => file.error !== undefined || file.other !== undefined);
  const isLoaded = reference.during !== 'load';
  if (anyWrong && isLoaded) {
    // Only a missing path, in the file itself or in one before it in the directory, may have hidden the error.
    const hidden = files.every((file, index) => {
      if (file.error === undefined) return true;
      return files.slice(0, index).some((earlier) => earlier.missing && dirname(earlier.path) === dirname(file.path));
    });
    if (hidden) known.push('missing-path-hides-errors');
    else disagreements.push('the reference loaded what it calls invalid, and no missing path explains it');
  }
  if (!isLoaded && own.invalid.size === 0)
    disagreements.push(`the reference does not load (${reference.error}), we do`);
  if (!anyWrong && isLoaded && own.invalid.size > 0) {
    disagreements.push(`the reference loads, we do not: ${[...own.invalid].join(', ')}`);
  }
  return { disagreements, known };
}

function compareInjection(
  input: InjectInput,
  reference: OracleAnswer,
  own: OwnInjection,
  edited: OracleAnswer,
): Comparison {
  const lower = new Map((reference.files ?? []).map((file) => [file.path, file.lower]));
  const disagreements: string[] = [];
  const known: KnownDifference[] = [];
  const allSources = [...Object.values(own.sources), ...Object.values(own.extensionSources)];
  if (allSources.some((sources) => hasTie(sources, lower))) known.push('names-equal-but-for-case');

  const expected = inOrder(reference.hooks, own.sources, lower);
  const expectedExtension = inOrder(reference.extension, own.extensionSources, lower);
  const pairs = [
    ['the edited text', inOrder(edited.hooks, own.sources, lower), expected],
    ['the applied object', inOrder(own.applied, own.sources, lower), withRoundedTimeouts(expected)],
    ['the extension stages', inOrder(own.extension, own.extensionSources, lower), expectedExtension],
  ] as const;
  if (edited.error !== undefined) disagreements.push(`the reference cannot read the edited text: ${edited.error}`);
  for (const [what, is, shouldBe] of pairs) {
    if (text(is) !== text(shouldBe))
      disagreements.push(`${what}:\n  is        ${text(is)}\n  should be ${text(shouldBe)}`);
  }
  for (const sources of allSources) {
    const ranks = sources.map(
      (path) => [lower.get(path) ?? '', input.directories.indexOf(dirname(path)), basename(path)] as const,
    );
    if (ranks.some((rank, index) => index > 0 && isAfter(ranks[index - 1] ?? rank, rank))) {
      disagreements.push(`the order of equal names is not directory, then bytes: ${sources.join(', ')}`);
    }
  }
  return { disagreements, known };
}

type Rank = readonly [lower: string, directory: number, name: string];

/** Only where the lower-cased names are equal; the order of others is the reference's to judge. */
function isAfter(one: Rank, other: Rank): boolean {
  if (one[0] !== other[0]) return false;
  if (one[1] !== other[1]) return one[1] > other[1];
  return Buffer.compare(Buffer.from(one[2]), Buffer.from(other[2])) > 0;
}

function hasTie(sources: readonly string[], lower: ReadonlyMap<string, string>): boolean {
  return sources.some((path, index) => {
    const next = sources[index + 1];
    return next !== undefined && next !== path && lower.get(next) === lower.get(path);
  });
}

/** Puts hooks of files whose names are equal but for case into one order, the same on both sides. */
function inOrder(
  stages: OracleStages | null,
  sources: Sources,
  lower: ReadonlyMap<string, string>,
): OracleStages | null {
  if (!stages) return null;
  return Object.fromEntries(
    Object.entries(stages).map(([stage, hooks]) => {
      const appended = (sources[stage] ?? []).map((path) => lower.get(path));
      const own = hooks.length - appended.length;
      const group = (index: number) =>
        appended.slice(0, index - own + 1).filter((name, at) => name !== appended[at - 1]).length;
      const ranked = hooks.map((hook, index) => ({ hook, group: index < own ? -own + index : group(index) }));
      ranked.sort((one, other) => one.group - other.group || (one.group > 0 ? compareText(one.hook, other.hook) : 0));
      return [stage, ranked.map(({ hook }) => hook)];
    }),
  );
}

function compareText(one: OracleHook, other: OracleHook): number {
  const [first, second] = [text(one), text(other)];
  return first < second ? -1 : first > second ? 1 : 0;
}

/** A config that went through JSON.parse has its own timeouts as doubles; only the text keeps every digit. */
function withRoundedTimeouts(stages: OracleStages | null): OracleStages | null {
  if (!stages) return null;
  return Object.fromEntries(
    Object.entries(stages).map(([stage, hooks]) => [
      stage,
      hooks.map((hook) =>
        hook.path === '/own' && hook.timeout ? { ...hook, timeout: String(Number(hook.timeout)) } : hook,
      ),
    ]),
  );
}

/** JSON with the members in one order. */
function text(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  });
}
