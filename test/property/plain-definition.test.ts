import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDefinition, readFully } from '../../src/core/definition/parse.ts';
import { readPlainDefinition } from '../../src/core/definition/plain.ts';

const EXTENSION = ['precreate'];

type Member = readonly [key: string, value: string];

/** A text of JSON that mostly is what is wanted, and now and then is not. */
const mostly = (right: readonly string[], odd: readonly string[]) =>
  fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...right) }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const space = fc.constantFrom('', '', ' ', '\n  ', '\t');
const texts = mostly(
  ['["a"]', '["a: b", "ä"]', '["\\"timeout\\": 3,"]', '["x", "x"]'],
  ['[]', 'null', '[null]', '"a"', '["\\ud800"]', '["\ud800"]', '[1]'],
);
const bool = mostly(['true'], ['false', 'null', '"yes"', '1']);

/** An object of members in any order, one at times twice, and some left out: at most so many. */
const object = (members: readonly fc.Arbitrary<Member>[], leftOut: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.tuple(...members), fc.nat(30), space, fc.array(fc.nat(members.length - 1), { maxLength: leftOut }))
    .chain(([all, repeated, between, dropped]) => {
      const kept = all.filter((_, index) => !dropped.includes(index));
      const again = all.filter((_, index) => index === repeated);
      return fc
        .shuffledSubarray([...kept, ...again], { minLength: kept.length + again.length })
        .map((list) => `{${list.map(([key, value]) => `${between}${key}${between}:${between}${value}`).join(',')}}`);
    });

const member = (keys: readonly [string, ...string[]], value: fc.Arbitrary<string>): fc.Arbitrary<Member> =>
  fc.tuple(mostly(keys.slice(0, 1), keys), value);

const hook = object(
  [
    member(['"path"', '"Path"'], mostly(['"/bin/a"', '"/a:b"'], ['"a"', '""', 'null', '1', '"/\\u0061"'])),
    member(['"args"', '"arg"'], texts),
    member(['"env"', '"ENV"'], texts),
    member(
      ['"timeout"', '"Timeout"'],
      mostly(['1', '30'], ['0', '-1', '1.0', '1e2', '9007199254740993', 'null', '"5"']),
    ),
  ],
  2,
);
const annotations = object(
  [
    member(['"^a$"', '"__proto__"'], mostly(['"^b$"', '"b:c"'], ['1', 'null', '"\\ud800"'])),
    member(['"x\\"timeout"', '""'], mostly(['"5"'], ['5'])),
  ],
  1,
);
const when = object(
  [
    member(['"always"', '"ALWAYS"'], bool),
    member(['"hasBindMounts"', '"hasbindmounts"'], bool),
    member(
      ['"annotations"', '"annotation"'],
      fc.oneof({ weight: 6, arbitrary: annotations }, mostly(['{}', '{}'], ['null'])),
    ),
    member(['"commands"', '"command"'], texts),
  ],
  6,
);
const stages = mostly(
  ['["prestart"]', '["poststop", "prestart"]', '["precreate"]'],
  ['[]', 'null', '["prestart", "prestart"]', '["Prestart"]', '["other"]', '"prestart"'],
);
const document = object(
  [
    member(['"version"', '"Version"'], mostly(['"1.0.0"'], ['"0.1.0"', 'null', '""', '"2"', '1'])),
    member(['"hook"', '"hooks"'], fc.oneof({ weight: 20, arbitrary: hook }, fc.constantFrom('null', '"/bin/a"', '[]'))),
    member(['"when"', '"When"'], fc.oneof({ weight: 20, arbitrary: when }, fc.constantFrom('null', '{}', '[]'))),
    member(['"stages"', '"stage"'], stages),
    member(['"$schema"', '"x"'], mostly(['"https://x/y"'], ['{"a": 1}', '{"timeout": 5}', '[]', 'null'])),
  ],
  1,
);
const text = fc.tuple(document, mostly([''], ['\ufeff', ' ', '{'])).map(([json, before]) => before + json);

const PLACES = [
  ['version'],
  ['hook'],
  ['hook', 'path'],
  ['hook', 'args', 1],
  ['when', 'annotations', '^a$'],
  ['stages', 0],
];

describe('readPlainDefinition', () => {
  // Law: what is read plainly is read the full way too: the same, at the same places, with nothing to say about it.
  it('gives what the full way gives without a finding, or nothing', () => {
    let plain = 0;
    fc.assert(
      fc.property(text, (source) => {
        const read = readPlainDefinition(source, EXTENSION);
        if (!read) return;
        plain++;
        const file = { path: 'd/a.json', text: source };
        const full = readFully(file, { extensionStages: EXTENSION });
        const either = readDefinition(file, { extensionStages: EXTENSION });
        expect(full.diagnostics).toEqual([]);
        expect(either.diagnostics).toEqual([]);
        expect(full.value?.isValid).toBe(true);
        expect(either.value?.isValid).toBe(true);
        expect(either.value?.definition).toEqual(full.value?.definition);
        // Key order shows in what is printed.
        expect(JSON.stringify(either.value?.definition)).toBe(JSON.stringify(full.value?.definition));
        for (const place of PLACES) {
          expect(either.value?.locate(place)).toEqual(full.value?.locate(place));
          expect(either.value?.locate(place, 'key')).toEqual(full.value?.locate(place, 'key'));
        }
      }),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it.each([
    '{"version": "1.0.0", "hook": {"path": "/a"}, "when": {"always": true}, "stages": ["prestart"]}',
    '{"$schema": "x", "version": "1.0.0", "hook": {"path": "/a", "args": ["a", "-x=y:z"], "env": ["A=b"], "timeout": 3}, "when": {"annotations": {"^a$": "b"}, "commands": ["c"], "hasBindMounts": true}, "stages": ["precreate"]}',
  ])('reads %s', (source) => {
    expect(readPlainDefinition(source, EXTENSION)).toMatchObject({ hook: { path: '/a' } });
  });
});
