import { expect, it } from 'vitest';
import { compilePattern, PatternError } from '../../src/core/when/pattern.ts';
import { re2Engine } from '../../src/core/when/re2.ts';
import { nearby, randomPattern } from '../oracle/generate/pattern.ts';
import { seededRandom } from '../oracle/generate/random.ts';
import { askOracle, referencePackage } from '../oracle/oracle.ts';
import { REGEXP_PROBES, REGEXP_PROBES_SINCE_GO_1_22, type RegexpProbe } from '../oracle/regexp-probes.ts';
import { requires } from '../requirement.ts';

const SEED = Number(process.env['HOOKS_ORACLE_SEED'] ?? 20_260_214);
const PATTERNS = Number(process.env['HOOKS_ORACLE_CASES'] ?? 4_000);

/** A pattern's verdict on its subjects, or that it is refused. */
type Outcome = readonly boolean[] | 'refused';

requires([referencePackage], () => {
  it('the table says of each pattern what Go says of it', () => {
    const wrong = REGEXP_PROBES.filter(
      (probe, index) => probe.accepted !== (outcomes(REGEXP_PROBES)[index] !== 'refused'),
    );
    expect(wrong.map(({ pattern }) => pattern)).toEqual([]);
  });

  it.each(REGEXP_PROBES.map((probe) => [shown(probe.pattern), probe] as const))('reads %s as Go does', (_, probe) => {
    expect(ownOutcome(probe)).toEqual(outcomes(REGEXP_PROBES)[REGEXP_PROBES.indexOf(probe)]);
  });

  // Debian's Go is 1.19. A newer Go agrees with us; then this test has done its work.
  it.each(REGEXP_PROBES_SINCE_GO_1_22.map((probe) => [probe.pattern, probe] as const))(
    'reads %s as Go does since 1.22, where this Go is too old to be asked',
    (_, probe) => {
      const [theirs] = ask([probe]);
      const own = ownOutcome(probe);
      expect(own).not.toBe('refused');
      if (theirs !== 'refused') expect(own).toEqual(theirs);
    },
  );

  it(`reads ${PATTERNS} random patterns of seed ${SEED} as Go does`, () => {
    const random = seededRandom(SEED);
    const probes = Array.from({ length: PATTERNS }, () => {
      const { pattern, example } = randomPattern(random, 'any');
      const bent = random.some(4, 4, () => nearby(random, example));
      return { pattern, subjects: ['', example, ...bent] };
    });
    const theirs = ask(probes);
    const disagreements = probes.flatMap((probe, index) => {
      const [own, go] = [ownOutcome(probe), theirs[index]];
      return JSON.stringify(own) === JSON.stringify(go) ? [] : [{ ...probe, own, go }];
    });
    expect(
      `${disagreements.length} disagree\n${disagreements
        .slice(0, 10)
        .map((one) => JSON.stringify(one))
        .join('\n')}`,
    ).toBe('0 disagree\n');
    const refused = theirs.filter((outcome) => outcome === 'refused').length;
    expect(refused).toBeGreaterThan(PATTERNS / 20);
    expect(refused).toBeLessThan(PATTERNS / 2);
  });

  let tableOutcomes: readonly Outcome[] | undefined;
  function outcomes(probes: readonly RegexpProbe[]): readonly Outcome[] {
    tableOutcomes ??= ask(probes);
    return tableOutcomes;
  }
});

function ask(probes: readonly Pick<RegexpProbe, 'pattern' | 'subjects'>[]): readonly Outcome[] {
  const answers = askOracle(probes.map(({ pattern, subjects }) => ({ op: 'regexp', pattern, subjects })));
  return answers.map(({ error, matched }) => (error === undefined ? (matched ?? []) : 'refused'));
}

function ownOutcome({ pattern, subjects }: Pick<RegexpProbe, 'pattern' | 'subjects'>): Outcome {
  try {
    const compiled = compilePattern(pattern.toWellFormed(), re2Engine);
    // Half a surrogate pair is U+FFFD before matching, on both sides.
    return subjects.map((subject) => compiled.test(subject.toWellFormed()));
  } catch (problem) {
    if (problem instanceof PatternError) return 'refused';
    throw problem;
  }
}

/** A title of a table row: on one line, and not a thousand brackets long. */
function shown(pattern: string): string {
  const line = JSON.stringify(pattern).slice(1, -1);
  return line.length > 40 ? `${line.slice(0, 30)}… (${pattern.length} characters)` : `"${line}"`;
}
