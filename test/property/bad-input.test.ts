import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfigText } from '../../src/core/injection/config-text.ts';
import { parseConfigBytes } from '../../src/host/bundle.ts';
import { decodeUtf8AsGo } from '../../src/host/utf8.ts';
import {
  ConfigError,
  containerFromConfig,
  createCatalog,
  DefinitionError,
  editConfigText,
  parseDefinition,
  planInjection,
  renderDiagnostic,
} from '../../src/index.ts';

const DEFINITIONS = [
  '{"version":"1.0.0","hook":{"path":"/x","args":["x","--a"],"env":["A=1"],"timeout":30},"when":{"always":true,"annotations":{"^com\\\\.example$":"^(a|b)+$"},"commands":["/sh$"],"hasBindMounts":true},"stages":["prestart","poststop"]}',
  '{"hook":"/x","arguments":["a"],"stages":["prestart"],"cmds":["^/bin/.*$"],"annotations":["a","b|c"],"hasbindmounts":true}',
  'version: 1.0.0\nhook:\n  path: /x\n  args: [x, "--a"]\nwhen:\n  annotations:\n    ^a$: &v "^true$"\n    ^b: *v\n  commands:\n    - \'^/bin/sh$\'\nstages:\n  - prestart\n',
  'hook: /x # why\nstage: [prestart]\ncmd:\n- |\n  a\n- >-\n  b\n',
] as const;

const CONFIG =
  '{"ociVersion":"1.2.0","process":{"args":["/bin/sh","-c"],"user":{"uid":0}},"annotations":{"com.example":"ab","b":"c"},' +
  '"mounts":[{"destination":"/data","type":"bind","source":"/d","options":["rbind"]}],"linux":{"x":18446744073709551615},' +
  '"hooks":{"prestart":[{"path":"/y","args":["y"],"env":[],"timeout":1}],"poststop":null}}';

const CHUNKS = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\n',
    '\t',
    '- ',
    '? ',
    ': ',
    '&a ',
    '*a',
    '!t ',
    '|\n',
    '---\n',
    '...\n',
    '%',
    '#',
    '<<',
    '~',
  ],
  ...[
    'null',
    'true',
    '""',
    '{}',
    '[]',
    '1e999',
    '-0',
    '"\\ud800"',
    '\u0000',
    '\ufeff',
    '\u2028',
    '😀',
    '\u0085',
    '__proto__',
    'constructor',
  ],
  ...[
    '"hooks":null,',
    '"hook":5,',
    '"version":1,',
    '"when":[],',
    '"process":"x",',
    '"mounts":[5],',
    '"annotations":[1],',
    '"args":null,',
  ],
  ...['(', '(?', '[', '*', '{1001}', '(?i)', '\\\\Q', '(?P<a>', '[['],
];

type Mutation = (bytes: Buffer) => Buffer;

const place = fc.double({ min: 0, max: 0.999, noNaN: true });
const insert =
  (at: number, what: Buffer): Mutation =>
  (bytes) => {
    const offset = Math.floor(at * bytes.length);
    return Buffer.concat([bytes.subarray(0, offset), what, bytes.subarray(offset)]);
  };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(
    ([at, value]): Mutation =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        if (copy.length > 0) copy[Math.floor(at * copy.length)] = value;
        return copy;
      },
  ),
  place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.subarray(0, Math.floor(at * bytes.length)),
  ),
  fc.tuple(place, fc.constantFrom(...CHUNKS)).map(([at, chunk]) => insert(at, Buffer.from(chunk))),
  fc.tuple(place, fc.constantFrom(0x80, 0xff, 0xc0, 0xed)).map(([at, byte]) => insert(at, Buffer.from([byte]))),
  fc.tuple(place, place, place).map(
    ([from, length, at]): Mutation =>
      (bytes) => {
        const start = Math.floor(from * bytes.length);
        return insert(at, bytes.subarray(start, start + Math.floor(length * 80)))(bytes);
      },
  ),
  fc.tuple(place, fc.nat(40)).map(
    ([at, length]): Mutation =>
      (bytes) => {
        const start = Math.floor(at * bytes.length);
        return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
      },
  ),
);

const mutated = (seeds: readonly string[]): fc.Arbitrary<{ readonly seed: number; readonly bytes: Buffer }> =>
  fc.tuple(fc.nat(seeds.length - 1), fc.array(mutation, { minLength: 1, maxLength: 5 })).map(([seed, all]) => ({
    seed,
    bytes: all.reduce<Buffer>((bytes, one) => one(bytes), Buffer.from(seeds[seed] ?? '')),
  }));

/** Gives nothing when the work is done or refused as bad input; anything else is thrown on. */
const refusedOnly = (work: () => void): void => {
  try {
    work();
  } catch (problem) {
    if (!(problem instanceof DefinitionError || problem instanceof ConfigError)) throw problem;
    expect(problem.diagnostics.length).toBeGreaterThan(0);
  }
};

const CONTAINER = { args: ['/bin/sh'], annotations: { 'com.example': 'ab', '^a$': 'true' }, hasBindMounts: true };

const useDefinition = (path: string, text: string): void => {
  const { value, diagnostics } = parseDefinition({ path, text });
  for (const diagnostic of diagnostics) {
    expect(renderDiagnostic(diagnostic, text)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(diagnostic.at).toBeDefined();
  }
  expect(value === undefined).toBe(diagnostics.some(({ severity }) => severity === 'error'));
  refusedOnly(() => {
    const plan = planInjection(createCatalog([{ path, text }]), CONTAINER);
    expect(plan.verdicts).toHaveLength(1);
    expect(JSON.parse(editConfigText(CONFIG, plan))).toHaveProperty('hooks');
  });
};

const CATALOG = createCatalog(
  DEFINITIONS.map((text, index) => ({ path: `${index}.${index < 2 ? 'json' : 'yaml'}`, text })),
);

const useConfig = (bytes: Buffer): void => {
  const parsed = parseConfigBytes('config.json', bytes);
  expect(parsed.value === undefined).toBe(parsed.diagnostics.some(({ severity }) => severity === 'error'));
  refusedOnly(() => {
    const text = decodeUtf8AsGo(bytes);
    // What JSON.parse takes, a caller may pass on without any check.
    let unchecked: unknown;
    try {
      unchecked = JSON.parse(text);
    } catch {
      expect(parseConfigText(text).value).toBeUndefined();
      return;
    }
    const plan = planInjection(CATALOG, containerFromConfig(Object(unchecked)));
    expect(plan.verdicts).toHaveLength(CATALOG.definitions.length);
    const edited = editConfigText(text, plan);
    expect(() => JSON.parse(edited)).not.toThrow();
  });
};

describe('bad input', () => {
  it('is refused or used: 6,000 mutated definitions', () => {
    fc.assert(
      fc.property(mutated(DEFINITIONS), ({ seed, bytes }) => {
        useDefinition(seed < 2 ? 'a.json' : 'a.yaml', decodeUtf8AsGo(bytes));
      }),
      { numRuns: 6_000, seed: 20_261_122 },
    );
  });

  it('is refused or used: 4,000 mutated configs', () => {
    fc.assert(
      fc.property(mutated([CONFIG]), ({ bytes }) => {
        useConfig(bytes);
      }),
      { numRuns: 4_000, seed: 20_261_122 },
    );
  });

  it.each([
    ['lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['lists without end', '['.repeat(100_000)],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['objects without end', '{"hook":'.repeat(100_000)],
  ])('is refused or used: %s nested 100,000 deep', (_, deep) => {
    for (const text of [
      deep,
      `{"version":"1.0.0","hook":${deep}}`,
      `{"x":${deep},"hook":"/x","stages":["prestart"]}`,
    ]) {
      useDefinition('a.json', text);
      useDefinition('a.yaml', text);
    }
    for (const text of [deep, `{"hooks":${deep}}`, `{"annotations":${deep}}`, `{"x":${deep}}`])
      useConfig(Buffer.from(text));
  });

  it('is refused or used: patterns nested as deep as 4 KiB allow', () => {
    const patterns = ['('.repeat(4096), '('.repeat(2048) + ')'.repeat(2048), '(?:'.repeat(1024) + ')'.repeat(1024)];
    for (const pattern of [
      ...patterns,
      '(a*'.repeat(1000) + ')*'.repeat(500),
      '['.repeat(4096),
      `${'(?:a{9}'.repeat(500)}`,
    ]) {
      useDefinition(
        'a.json',
        JSON.stringify({ version: '1.0.0', hook: { path: '/x' }, when: { commands: [pattern] }, stages: [] }),
      );
    }
  });
});
