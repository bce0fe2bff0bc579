import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../src/core/injection/config-text.ts';
import { containerFromConfig, createCatalog, editConfigText, parseDefinition, planInjection } from '../../src/index.ts';

// Work that grows with the square of a text would take minutes on each of these, and run into the timeout.
const MANY = 20_000;

const list = (entry: (index: number) => string): string =>
  Array.from({ length: MANY }, (_, index) => entry(index)).join(',');
const definition = (hook: string, when: string, stages: string): string =>
  `{"version":"1.0.0","hook":{"path":"/x"${hook}},"when":{${when}},"stages":[${stages}]}`;

describe('parseDefinition ends on a text that is wrong', () => {
  it.each([
    [
      'in each stage',
      definition(
        '',
        '"always":true',
        list(() => '"nope"'),
      ),
      MANY,
    ],
    ['in each argument', definition(`,"args":[${list(() => '1')}]`, '"always":true', '"prestart"'), MANY],
    [
      'in each key',
      definition(
        '',
        list((index) => `"k${index}":1`),
        '"prestart"',
      ),
      MANY + 1,
    ],
    ['in each pattern', definition('', `"commands":[${list((index) => `"${index}["`)}]`, '"prestart"'), MANY],
    [
      'in each annotation, twice',
      definition('', `"annotations":{${list((index) => `"k${index}":1,"k${index}":1`)}}`, '"prestart"'),
      3 * MANY,
    ],
  ])('%s', (_, text, findings) => {
    expect(parseDefinition({ path: 'a.json', text }).diagnostics).toHaveLength(findings);
  });

  it.each([
    ['in each key', list((index) => `k${index}: 1`).replaceAll(',', '\n'), MANY + 2],
    ['in each repeated key', list(() => 'hook: 1').replaceAll(',', '\n'), MANY - 1],
    ['in each stage', `version: 1.0.0\nhook: {path: /x}\nwhen: {always: true}\nstages: [${list(() => 'nope')}]`, MANY],
    ['in each line', list(() => '- !unknown x').replaceAll(',', '\n'), MANY + 1],
  ])('of YAML %s', (_, text, findings) => {
    expect(parseDefinition({ path: 'a.yaml', text }).diagnostics).toHaveLength(findings);
  });

  it.each(['[', '{a: ', '- ', '? ', '[{a: ', '!a &b ', 'a:\n- ', '- !a\n'])(
    'of YAML made of %j again and again',
    (open) => {
      const { diagnostics } = parseDefinition({ path: 'a.yaml', text: open.repeat(262_144 / open.length) });
      expect(diagnostics.filter(({ severity }) => severity === 'error')).not.toEqual([]);
    },
  );

  it('of YAML nested deeper than 100, by brackets, on one line and by indentation', () => {
    const indented = Array.from({ length: 101 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n');
    for (const text of ['['.repeat(101), '- '.repeat(101), `${'{a: '.repeat(101)}${'}'.repeat(101)}`, indented]) {
      expect(parseDefinition({ path: 'a.yaml', text }).diagnostics.map(({ code }) => code)).toEqual([
        'NESTING_TOO_DEEP',
      ]);
    }
  });

  it('of YAML whose aliases would grow beyond memory', () => {
    const levels = Array.from(
      { length: 30 },
      (_, index) => `k${index + 1}: &a${index + 1} [*a${index}, *a${index}, *a${index}]`,
    );
    const { diagnostics } = parseDefinition({ path: 'a.yaml', text: ['k0: &a0 [x]', ...levels].join('\n') });
    expect(diagnostics.map(({ code }) => code)).toEqual(['YAML_SYNTAX']);
  });
});

describe('parseConfigText ends on a config that is wrong', () => {
  it.each([
    ['in each annotation', `{"annotations":{${list((index) => `"k${index}":1`)}}}`],
    ['in each mount', `{"mounts":[${list(() => '{}')}]}`],
    ['in each key', `{"a":1,${list(() => '"Hooks":{}')}}`],
  ])('%s', (_, text) => {
    expect(parseConfigText(text).diagnostics).toHaveLength(MANY);
  });
});

describe('what is inserted stays small', () => {
  const entries = definition(
    '',
    '"always":true',
    list(() => '"prestart"'),
  );
  const catalog = createCatalog([{ path: 'a.json', text: entries }]);
  const space = ' '.repeat(1_000_000);

  it.each([
    ['before the colon', `{"a"${space}:1}`],
    ['behind the colon', `{"a":${space}1}`],
    ['before the first key', `{\n${space}"a":1}`],
  ])('with a megabyte of space %s', (_, text) => {
    const plan = planInjection(catalog, containerFromConfig({}));
    expect(editConfigText(text, plan).length - text.length).toBeLessThan(MANY * 400);
  });
});

describe('planInjection ends on a definition', () => {
  it('that names an extension stage again and again', () => {
    const text = definition(
      '',
      '"always":true',
      list(() => '"precreate"'),
    );
    const catalog = createCatalog([{ path: 'a.json', text }], { extensionStages: ['precreate'] });
    expect(planInjection(catalog, containerFromConfig({})).extension['precreate']).toHaveLength(MANY);
  });
});
