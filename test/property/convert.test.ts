import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJson } from '../../src/cli/output.ts';
import { createCatalog } from '../../src/core/catalog/create-catalog.ts';
import { convertDefinition } from '../../src/core/definition/convert.ts';
import { readDefinition } from '../../src/core/definition/parse.ts';
import { readYaml, writeYaml } from '../../src/core/definition/yaml.ts';
import { ConfigError } from '../../src/core/diagnostic/input-error.ts';
import { planInjection } from '../../src/core/injection/plan.ts';
import type { ContainerView } from '../../src/core/when/container.ts';

const STAGES = ['prestart', 'createRuntime', 'poststop'];
const word = fc.constantFrom(
  '',
  'a',
  'b',
  'ab',
  'sh',
  '/bin/sh',
  'true',
  'ſ',
  '\u0000',
  '😀',
  'a: b',
  '#',
  '- x',
  'no',
  '1.0',
);
const pattern = fc.oneof(word, fc.constantFrom('^a$', 'a|b', '(?i)A', '^', '.*', 'a$|^b', '[ab]+', '\\.'));
const maybeNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 8 });
const lists = fc.array(maybeNull(pattern), { maxLength: 3 });
const stages = fc.uniqueArray(fc.constantFrom(...STAGES), { minLength: 1 });

/** Documents of format 0.1.0 in all spellings, valid for the most part; extra keys have no effect. */
const oldDocument = fc.record(
  {
    version: fc.constantFrom('0.1.0', '', null),
    hook: fc.constantFrom('/bin/true', '/x y'),
    arguments: maybeNull(fc.array(maybeNull(word), { maxLength: 2 })),
    stages,
    stage: fc.constant(null),
    cmds: maybeNull(lists),
    cmd: fc.constant(null),
    annotations: maybeNull(lists),
    hasbindmounts: maybeNull(fc.boolean()),
    timeout: fc.integer(),
    always: fc.boolean(),
    Other: fc.constant({}),
  },
  { requiredKeys: ['hook', 'stages'] },
);

const timeout = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const newDocument = fc.record(
  {
    version: fc.constant('1.0.0'),
    hook: fc.record(
      {
        path: fc.constant('/bin/true'),
        args: maybeNull(fc.array(word)),
        env: fc.array(word),
        timeout: maybeNull(timeout),
      },
      { requiredKeys: ['path'] },
    ),
    when: fc.record(
      {
        always: fc.boolean(),
        hasBindMounts: fc.boolean(),
        annotations: fc.dictionary(pattern, maybeNull(pattern), { maxKeys: 3, noNullPrototype: true }),
        commands: maybeNull(lists),
      },
      { requiredKeys: [] },
    ),
    stages,
  },
  { requiredKeys: ['version', 'hook', 'stages'] },
);

const container: fc.Arbitrary<ContainerView> = fc.record({
  args: fc.option(fc.array(word, { maxLength: 2 }), { nil: undefined }),
  annotations: fc.dictionary(word, word, { maxKeys: 3, noNullPrototype: true }),
  hasBindMounts: fc.boolean(),
});

/** What a definition does to a container: the hooks it adds, or the error that it ends in. */
function outcome(path: string, text: string, view: ContainerView): unknown {
  const catalog = createCatalog([{ path, text }]);
  if (catalog.hasErrors) return { invalid: catalog.diagnostics };
  try {
    const { entries } = planInjection(catalog, view, { duplicates: 'keep' });
    return entries.map(({ stage, hook }) => ({ stage, hook }));
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.code;
    throw thrown;
  }
}

/** The converted texts, JSON and YAML; none when the definition is not valid or cannot be converted. */
function converted(path: string, text: string): { readonly path: string; readonly text: string }[] {
  const read = readDefinition({ path, text }, { readYaml });
  if (!read.value?.isValid || createCatalog([{ path, text }]).hasErrors) return [];
  const { value } = convertDefinition(read.value);
  if (!value) return [];
  return [
    { path: '/d/10.json', text: toJson(value) },
    { path: '/d/10.yaml', text: writeYaml(value) },
  ];
}

describe('a converted definition', () => {
  // Law: what comes out matches the same containers and adds the same hooks as what went in.
  it.each([
    ['format 0.1.0 in JSON', oldDocument, '10.json'],
    ['format 1.0.0 in JSON', newDocument, '10.json'],
    ['format 0.1.0 in YAML', oldDocument, '10.yaml'],
    ['format 1.0.0 in YAML', newDocument, '10.yaml'],
  ] as const)('does the same as the one of %s', (_title, document: fc.Arbitrary<object>, name) => {
    let compared = 0;
    fc.assert(
      fc.property(document, fc.array(container, { minLength: 1, maxLength: 8 }), (value, views) => {
        const text = name.endsWith('.json') ? toJson(value) : writeYaml(value);
        for (const after of converted(`/d/${name}`, text)) {
          for (const view of views) {
            expect(outcome(after.path, after.text, view)).toEqual(outcome(`/d/${name}`, text, view));
            compared += 1;
          }
        }
      }),
      { numRuns: 400 },
    );
    expect(compared).toBeGreaterThan(400);
  });

  // Law: converting what was converted changes nothing.
  it('is a fixed point', () => {
    fc.assert(
      fc.property(fc.oneof(oldDocument, newDocument), (value) => {
        for (const { path, text } of converted('/d/10.json', toJson(value))) {
          expect(converted(path, text).find((again) => again.path === path)?.text).toBe(text);
        }
      }),
    );
  });
});

describe('a definition of format 0.1.0', () => {
  // Law: it cannot be converted exactly when it gives two or more kinds of condition that can hold.
  it('is refused only for several kinds of condition', () => {
    fc.assert(
      fc.property(oldDocument, (value) => {
        const text = toJson(value);
        const read = readDefinition({ path: '/d/10.json', text });
        if (!read.value?.isValid || createCatalog([{ path: '/d/10.json', text }]).hasErrors) return;
        const kinds = [value.hasbindmounts === true, Boolean(value.annotations), (value.cmds ?? []).length > 0];
        const { diagnostics } = convertDefinition(read.value);
        expect(diagnostics.map(({ code }) => code)).toEqual(
          kinds.filter(Boolean).length > 1 ? ['WHEN_NOT_CONVERTIBLE'] : [],
        );
      }),
    );
  });
});
