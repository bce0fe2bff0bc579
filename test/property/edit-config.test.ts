import fc, { type Arbitrary } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memberSpans, skipSpace } from '../../src/core/json/scan.ts';
import {
  applyPlan,
  type Catalog,
  containerFromConfig,
  createCatalog,
  editConfigText,
  type InjectionPlan,
  type OciConfig,
  type PlanOptions,
  planInjection,
} from '../../src/index.ts';
import { configText } from './config-text.ts';

const hook = fc.constantFrom(
  { path: '/hook-a' },
  { path: '/hook-a', args: ['a', 'b'], timeout: 5 },
  { path: '/hook-b', env: ['A=1', 'é="\\'] },
  { path: '/hook-c', args: [], timeout: 0 },
);
const stages = fc.array(fc.constantFrom('prestart', 'createRuntime', 'poststop', 'poststart', 'precreate'), {
  maxLength: 3,
});

const catalog: Arbitrary<Catalog> = fc
  .array(fc.record({ hook, stages, always: fc.boolean() }), { maxLength: 4 })
  .map((definitions) =>
    createCatalog(
      definitions.map(({ hook, stages, always }, index) => ({
        path: `d/${index}.json`,
        text: JSON.stringify({ version: '1.0.0', hook, when: { always }, stages }),
      })),
      { extensionStages: ['precreate'] },
    ),
  );

const options: Arbitrary<PlanOptions> = fc.record({
  duplicates: fc.constantFrom('skip', 'keep'),
  prestart: fc.constantFrom('prestart', 'createRuntime'),
});

const planFor = (text: string, catalog: Catalog, options: PlanOptions): InjectionPlan =>
  planInjection(catalog, containerFromConfig(JSON.parse(text)), options);

/** A config's text with the value of `hooks`, and the member itself where `hooks` stands last, cut out. */
const around = (text: string): { readonly before: string; readonly after: string } => {
  const members = memberSpans(text, skipSpace(text, 0));
  const own = members.find(({ key }) => JSON.parse(text.slice(key.start, key.end)) === 'hooks');
  if (!own) throw new Error('the text has no hooks');
  return { before: text.slice(0, own.value.start), after: text.slice(own.value.end) };
};

const runs = { numRuns: 2_000, seed: 5 };

describe('editConfigText', () => {
  // Law: both ways of applying a plan give the same config.
  it('gives what applyPlan gives', () => {
    fc.assert(
      fc.property(configText, catalog, options, (text, catalog, options) => {
        const plan = planFor(text, catalog, options);
        const edited: unknown = JSON.parse(editConfigText(text, plan));
        expect(edited).toEqual(applyPlan(JSON.parse(text) as OciConfig, plan));
      }),
      runs,
    );
  });

  // Law: where `hooks` was there, no byte outside its value changes; where it was not, one member is inserted.
  it('changes no byte outside the value of hooks', () => {
    fc.assert(
      fc.property(configText, catalog, options, (text, catalog, options) => {
        const edited = editConfigText(text, planFor(text, catalog, options));
        if (edited === text) return;
        const hadHooks = Object.hasOwn(JSON.parse(text), 'hooks');
        if (hadHooks) {
          expect(around(edited)).toEqual(around(text));
          return;
        }
        const { before, after } = around(edited);
        const kept = before.replace(/,?\s*"hooks"\s*:\s*$/, '');
        expect(text.startsWith(kept)).toBe(true);
        expect(after.trimStart().startsWith('}')).toBe(true);
        expect(kept + text.slice(kept.length)).toBe(text);
        expect(text.slice(kept.length).trim()).toBe(after.trim());
      }),
      runs,
    );
  });

  // Law: all that was there is still there, in order; what is new was only inserted.
  it('only inserts, but for a null in the place of hooks or a stage', () => {
    fc.assert(
      fc.property(configText, catalog, options, (text, catalog, options) => {
        const edited = editConfigText(text, planFor(text, catalog, options));
        const parts = splitAtNullHooks(text);
        let from = 0;
        for (const part of parts) {
          let kept = 0;
          while (kept < part.length && from < edited.length) {
            if (edited[from] === part[kept]) kept++;
            from++;
          }
          expect(kept).toBe(part.length);
        }
      }),
      runs,
    );
  });

  // Law: with `skip` a second run changes nothing.
  it('is idempotent when duplicates are skipped', () => {
    fc.assert(
      fc.property(configText, catalog, fc.constantFrom('prestart', 'createRuntime'), (text, catalog, prestart) => {
        const once = editConfigText(text, planFor(text, catalog, { prestart }));
        expect(editConfigText(once, planFor(once, catalog, { prestart }))).toBe(once);
        // A plan made for the text as it was says the same, too.
        expect(editConfigText(once, planFor(text, catalog, { prestart }))).toBe(once);
      }),
      runs,
    );
  });

  // Law: with `keep` each run adds the same entries again.
  it('appends again when duplicates are kept', () => {
    fc.assert(
      fc.property(configText, catalog, (text, catalog) => {
        const plan = planFor(text, catalog, { duplicates: 'keep' });
        const once = JSON.parse(editConfigText(text, plan));
        const twice = JSON.parse(editConfigText(editConfigText(text, plan), plan));
        for (const { stage } of plan.entries) {
          const added = plan.entries.filter((entry) => entry.stage === stage).map(({ hook }) => hook);
          expect(twice.hooks[stage]).toEqual([...once.hooks[stage], ...JSON.parse(JSON.stringify(added))]);
        }
      }),
      runs,
    );
  });

  // Law: a plan in which nothing matched gives the very text.
  it('gives the text itself when nothing matches', () => {
    fc.assert(
      fc.property(configText, (text) => {
        expect(editConfigText(text, planFor(text, createCatalog([]), {}))).toBe(text);
      }),
      runs,
    );
  });
});

/** The text without each `null` that stands for hooks or one of their stages, which may give way to a list. */
const splitAtNullHooks = (text: string): readonly string[] => {
  const top = memberSpans(text, skipSpace(text, 0));
  const own = top.find(({ key }) => JSON.parse(text.slice(key.start, key.end)) === 'hooks');
  if (!own) return [text];
  const inner = text[own.value.start] === '{' ? memberSpans(text, own.value.start) : [own];
  const nulls = inner.filter(({ value }) => text.slice(value.start, value.end) === 'null').map(({ value }) => value);
  const starts = [0, ...nulls.map(({ end }) => end)];
  return starts.map((start, index) => text.slice(start, nulls[index]?.start));
};

const always = createCatalog([
  {
    path: 'd/gpu.json',
    text: '{"version":"1.0.0","hook":{"path":"/gpu","timeout":9007199254740993},"when":{"always":true},"stages":["poststop"]}',
  },
]);
const gpu = '{"path":"/gpu","timeout":9007199254740993}';

describe('editConfigText on a large text', () => {
  it('edits a config nested 100,000 deep', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const text = `{"x":${deep},"hooks":{"poststop":[]}}`;
    const plan = planInjection(always, { annotations: {}, hasBindMounts: false });
    expect(editConfigText(text, plan)).toBe(`{"x":${deep},"hooks":{"poststop":[${gpu}]}}`);
  });

  it('edits 10 MB on one line', () => {
    const long = `{"x":[${'"0123456789\\"]",'.repeat(600_000)}0],"hooks":null}`;
    expect(long.length).toBeGreaterThan(9_000_000);
    const plan = planInjection(always, { annotations: {}, hasBindMounts: false });
    expect(editConfigText(long, plan)).toBe(long.replace('null', `{"poststop":[${gpu}]}`));
  });

  it('skips an entry whose timeout no double can hold', () => {
    const text = `{"hooks":{"poststop":[${gpu}]}}`;
    expect(editConfigText(text, planFor(text, always, {}))).toBe(text);
  });
});
