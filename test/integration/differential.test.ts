import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Comparison, compare } from '../oracle/compare.ts';
import { type InjectCase, randomInjectCase } from '../oracle/generate/inject-case.ts';
import { seededRandom } from '../oracle/generate/random.ts';
import { askOracle, referencePackage } from '../oracle/oracle.ts';
import { type InjectInput, type OwnAnswer, ownAnswer } from '../oracle/own-answer.ts';
import { writeCase } from '../oracle/write-case.ts';
import { requires } from '../requirement.ts';

// The same cases every time, so that a failure is one for all; other seeds are for those who search.
const SEED = Number(process.env['HOOKS_ORACLE_SEED'] ?? 20_260_214);
const CASES = Number(process.env['HOOKS_ORACLE_CASES'] ?? 2_500);
const NAMED_CASES = fileURLToPath(new URL('../cases/reference/', import.meta.url));

/** A comparison and what came of the case: `load` and `match` are the reference's errors. */
interface Judged extends Comparison {
  readonly outcome: 'load' | 'config' | 'match' | 'matched' | 'unmatched';
}

requires([referencePackage], () => {
  describe(`${CASES} random cases of seed ${SEED}`, () => {
    let base: string;
    let cases: readonly InjectCase[];
    let judged: readonly Judged[];

    beforeAll(async () => {
      base = mkdtempSync(join(tmpdir(), 'hooks-differential-'));
      const random = seededRandom(SEED);
      cases = Array.from({ length: CASES }, () => randomInjectCase(random));
      judged = await judge(
        cases.map((one, index) => ({ ...one, directories: writeCase(join(base, String(index)), one) })),
      );
    }, 120_000);

    // Some ten thousand small files: slow to remove on a busy disk.
    afterAll(() => {
      rmSync(base, { recursive: true, force: true });
    }, 120_000);

    it('loads, matches and injects as the reference does, but for the known differences', () => {
      const failed = judged.flatMap(({ disagreements }, index) =>
        disagreements.length === 0
          ? []
          : [`case ${index}: ${JSON.stringify(cases[index])}\n${disagreements.join('\n')}`],
      );
      expect(`${failed.length} disagree\n${failed.slice(0, 5).join('\n\n')}`).toBe('0 disagree\n');
    });

    it.each(['missing-path-hides-errors', 'names-equal-but-for-case'] as const)('meets the difference %s', (name) => {
      expect(judged.filter(({ known }) => known.includes(name)).length).toBeGreaterThan(0);
    });

    it.each(['load', 'match', 'matched', 'unmatched'] as const)(
      'ends as %s in one case of forty at least',
      (outcome) => {
        expect(judged.filter((one) => one.outcome === outcome).length).toBeGreaterThan(CASES / 40);
      },
    );
  });

  describe('named cases', () => {
    it.each(readdirSync(NAMED_CASES))('answers %s as the reference does', async (name) => {
      const [judged] = await judge([readNamedCase(join(NAMED_CASES, name))]);
      expect(judged?.disagreements).toEqual([]);
    });
  });

  describe('deliberate differences', () => {
    let directory: string;

    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'hooks-difference-'));
    });

    afterAll(() => {
      rmSync(directory, { recursive: true, force: true });
    });

    it.each([
      [10_000, []],
      [10_001, ['a.json']],
    ] as const)('reads JSON nested %i deep as the reference does', async (depth, invalid) => {
      const nested = join(directory, `nested-${depth}.d`);
      mkdirSync(nested);
      const text = `{"hook":"/bin/sh","stage":["prestart"],"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
      writeFileSync(join(nested, 'a.json'), text);
      const input = { directories: [nested], extensionStages: [], hasBindMounts: false, config: '{}' };
      const [judged] = await judge([input]);
      expect(judged?.disagreements).toEqual([]);
      expect([...(await ownAnswer(input)).invalid]).toEqual(invalid.map((name) => join(nested, name)));
    });

    it('loads YAML too, which the reference passes over', async () => {
      const mixed = join(directory, 'mixed.d');
      mkdirSync(mixed);
      writeFileSync(join(mixed, 'a.json'), '{"hook":"/bin/sh","stage":["poststop"],"annotation":[".*"]}');
      writeFileSync(join(mixed, 'a.yaml'), 'hook: /dev/null\nstage: [poststop]\nannotation: [".*"]\n');
      const input = {
        directories: [mixed],
        extensionStages: [],
        hasBindMounts: false,
        config: '{"annotations":{"a":"b"}}',
      };
      const [reference] = askOracle([{ op: 'inject', ...input }]);
      const own = await ownAnswer(input);
      expect(reference?.hooks).toEqual({ poststop: [{ path: '/bin/sh' }] });
      expect(own.injected?.applied).toEqual({ poststop: [{ path: '/bin/sh' }, { path: '/dev/null' }] });
    });
  });
});

/** Asks both sides about each case, and the reference once more about the texts that we wrote. */
async function judge(inputs: readonly InjectInput[]): Promise<readonly Judged[]> {
  const reference = askOracle(
    inputs.map(({ directories, extensionStages, hasBindMounts, config }) => {
      return { op: 'inject', directories, extensionStages, hasBindMounts, config };
    }),
  );
  const own: OwnAnswer[] = [];
  for (const input of inputs) own.push(await ownAnswer(input));
  const edited = askOracle(own.map(({ injected }) => ({ op: 'hooks', config: injected?.editedText ?? '{}' })));
  return inputs.map((input, index) => {
    const [theirs, ours] = [reference[index], own[index]];
    if (!theirs || !ours) throw new Error(`case ${index} has no answer`);
    const injected = ours.injected?.editedText === input.config ? 'unmatched' : 'matched';
    return { ...compare(input, theirs, ours, edited[index]), outcome: theirs.during ?? injected };
  });
}

/** Reads a folder of test/cases/reference: `0.d`, `1.d` … are the hooks directories, config.json the container. */
function readNamedCase(folder: string): InjectInput {
  const directories = readdirSync(folder)
    .filter((name) => name.endsWith('.d'))
    .map((name) => join(folder, name));
  const config = readFileSync(join(folder, 'config.json'), 'utf8');
  return { directories, extensionStages: [], hasBindMounts: false, config };
}
