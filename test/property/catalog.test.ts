import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidates } from '../../src/core/catalog/index-by-key.ts';
import { matchSubject } from '../../src/core/injection/plan.ts';
import { matchDefinition } from '../../src/core/when/match.ts';
import { type ContainerView, createCatalog, type DefinitionFile, planInjection } from '../../src/index.ts';

const text = fc.constantFrom('a', 'b', 'ab', '', 'a.b', '1:a', '😀', '\ud800', '\udbff');
const pattern = fc.constantFrom(
  '^a$',
  '^b$',
  'a',
  '^ab$',
  '^$',
  '',
  '.*',
  '^a',
  '^(a|b)$',
  'a|b',
  '[ab]',
  '^a\\.b$',
  '^1:a$',
  '^\ufffd$',
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const when = fc.record({
  always: optional(fc.boolean()),
  hasBindMounts: optional(fc.boolean()),
  annotations: optional(fc.dictionary(pattern, pattern, { maxKeys: 3 })),
  commands: optional(fc.array(pattern, { maxLength: 3 })),
});
const definition = fc.oneof(
  when.map((conditions) => ({
    version: '1.0.0',
    hook: { path: '/x' },
    when: conditions,
    stages: ['prestart', 'poststop'],
  })),
  when.map(({ annotations, commands, hasBindMounts }) => ({
    hook: '/x',
    stages: ['prestart'],
    hasbindmounts: hasBindMounts,
    cmds: commands,
    annotations: annotations && Object.values(annotations),
  })),
);
const name = fc
  .constantFrom('a', 'A', 'b', 'B', 'a-', 'ä', 'Ä', '😀', '\uff5e', 'İ', 'i', 'ſ', 's')
  .map((base) => `${base}.json`);

/** Files of some directories, one of each name in a directory. */
const files = fc
  .uniqueArray(fc.record({ directory: fc.constantFrom('d', 'e'), name, definition }), {
    maxLength: 8,
    selector: (file) => `${file.directory}/${file.name}`,
  })
  .map((all) =>
    all.sort((left, right) => (left.directory < right.directory ? -1 : left.directory > right.directory ? 1 : 0)),
  )
  .map((all): DefinitionFile[] =>
    all.map((file) => ({ path: `${file.directory}/${file.name}`, text: JSON.stringify(file.definition) })),
  );

const container: fc.Arbitrary<ContainerView> = fc.record({
  args: optional(fc.array(text, { minLength: 1, maxLength: 2 })),
  annotations: fc.dictionary(text, text, { maxKeys: 4 }),
  hasBindMounts: fc.boolean(),
});

describe('planInjection', () => {
  // Law: the plan does not depend on the order in which a directory's files were listed.
  it('gives the same plan for any order of listing', () => {
    const shuffled = files.chain((all) => {
      const inDirectory = (path: string) => {
        const own = all.filter((file) => file.path.startsWith(path));
        return own.length === 0 ? fc.constant(own) : fc.shuffledSubarray(own, { minLength: own.length });
      };
      return fc.tuple(fc.constant(all), inDirectory('d/'), inDirectory('e/'));
    });
    fc.assert(
      fc.property(shuffled, container, ([all, first, second], view) => {
        const plan = planInjection(createCatalog(all), view);
        const other = planInjection(createCatalog([...first, ...second]), view);
        expect(other.entries).toEqual(plan.entries);
        expect(other.matched).toEqual(plan.matched);
      }),
      { numRuns: 1_000, seed: 4 },
    );
  });

  // Law: the index finds each definition that matches, once and in order, as trying all would.
  it('loses no definition that matches, and adds none twice', () => {
    fc.assert(
      fc.property(files, container, (all, view) => {
        const catalog = createCatalog(all);
        const subject = matchSubject(view);
        const matching = catalog.compiled.flatMap((compiled, position) =>
          matchDefinition(compiled, subject) === 'matched' ? position : [],
        );
        const found = candidates(catalog.index, subject);
        expect(found.filter((position) => matching.includes(position))).toEqual(matching);
        expect(new Set(found).size).toBe(found.length);
      }),
      { numRuns: 3_000, seed: 6 },
    );
  });

  // Law: a verdict's conditions say what the match says.
  it('gives verdicts that agree with the plan', () => {
    fc.assert(
      fc.property(files, container, (all, view) => {
        const plan = planInjection(createCatalog(all), view);
        expect(plan.verdicts.filter(({ matched }) => matched).map(({ name }) => name)).toEqual(plan.matched);
        for (const { matched, conditions, nearestMiss } of plan.verdicts) {
          if (matched) {
            expect(conditions.some((tried) => tried.matched)).toBe(true);
            expect(nearestMiss).toBeUndefined();
          }
        }
      }),
      { numRuns: 1_000, seed: 8 },
    );
  });

  it('throws for empty process.args wherever the index would have passed the definition over', () => {
    const exact = createCatalog([
      {
        path: 'a.json',
        text: '{"version":"1.0.0","hook":{"path":"/x"},"when":{"commands":["^sh$"]},"stages":["prestart"]}',
      },
    ]);
    expect(() => planInjection(exact, { args: [], annotations: {}, hasBindMounts: false })).toThrow(
      expect.objectContaining({ code: 'PROCESS_ARGS_EMPTY' }),
    );
  });
});
