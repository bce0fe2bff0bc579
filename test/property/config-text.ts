import fc, { type Arbitrary } from 'fast-check';

// Texts of config.json as programs and people write them: every value a JSON text, so that numbers keep their digits.

const space: Arbitrary<string> = fc.constantFrom('', '', '', ' ', '\t', '\n', '\r\n', '\n    ');
const scalar: Arbitrary<string> = fc.constantFrom(
  'null',
  'true',
  '18446744073709551615',
  '-9223372036854775808',
  '1.0',
  '1e2',
  '-0',
  '"x"',
  '"\\u00e9\\ud83d\\ude00"',
  '"\\ud800"',
  '"]}\\"{[\\\\"',
  '{}',
  '[]',
  '[ ]',
);

/** A list's text with its parts spaced at random. */
const list = (parts: Arbitrary<string>, maxLength = 3): Arbitrary<string> =>
  fc
    .tuple(fc.array(fc.tuple(space, parts, space), { maxLength }), space)
    .map(([all, empty]) => (all.length === 0 ? `[${empty}]` : `[${all.map((part) => part.join('')).join(',')}]`));

/** An object's text from its members' texts. */
const object = (members: Arbitrary<readonly string[]>): Arbitrary<string> =>
  fc
    .tuple(members, space, space, space)
    .map(([all, before, between, after]) => `{${before}${all.join(`${between},${before}`)}${after}}`);

const member = (key: string, value: Arbitrary<string>): Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(JSON.stringify(key), escapedKey(key)), space, space, value)
    .map(([name, before, after, text]) => `${name}${before}:${after}${text}`);

/** The same key with its first letter written as an escape. */
const escapedKey = (key: string): string => `"\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}"`;

const entry: Arbitrary<string> = fc.constantFrom(
  '{"path":"/hook-a"}',
  '{ "path": "/hook-a", "args": ["a", "b"], "env": [], "timeout": 9007199254740993 }',
  '{"path":"/hook-b","extra":18446744073709551615}',
  '{"timeout":5,\n"path":"/hook-b"}',
  'null',
);

const stage = (name: string): Arbitrary<string> => member(name, fc.oneof(fc.constant('null'), list(entry)));

const hooksObject: Arbitrary<string> = object(
  fc
    .tuple(
      fc.option(stage('prestart')),
      fc.option(stage('createRuntime')),
      fc.option(stage('poststop')),
      fc.option(member('unknownStage', scalar)),
    )
    .map((all) => all.filter((one) => one !== null)),
);

const hooks: Arbitrary<string> = member('hooks', fc.oneof(fc.constant('null'), hooksObject, hooksObject));

const others: Arbitrary<readonly string[]> = fc
  .uniqueArray(fc.constantFrom('ociVersion', 'linux', 'root', 'x', 'é', 'hook', 'ho~oks'), { maxLength: 4 })
  .chain((keys) =>
    fc.tuple(...keys.map((key) => member(key, fc.oneof(scalar, list(scalar), object(fc.constant(['"hooks":1'])))))),
  );

/** The text of a config.json, with or without `hooks`, which stand anywhere among the members. */
export const configText: Arbitrary<string> = fc
  .tuple(others, fc.option(hooks), fc.nat(4), space, space)
  .chain(([members, own, at, before, after]) =>
    object(fc.constant(own === null ? members : members.toSpliced(at, 0, own))).map((text) => before + text + after),
  );
