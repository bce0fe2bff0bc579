import { type Member, objectText, oddValue, stringText } from './json-text.ts';
import { literalPattern, type PatternSample, randomPattern } from './pattern.ts';
import type { Random } from './random.ts';

/** What the definitions and the container of one case have in common, so that conditions are often nearly met. */
export interface Vocabulary {
  readonly keys: readonly PatternSample[];
  readonly values: readonly PatternSample[];
  readonly commands: readonly PatternSample[];
  readonly extensionStages: readonly string[];
}

/** How far the text of a definition strays: not at all, in ways that change nothing, or in any way. */
export type Strangeness = 'plain' | 'odd' | 'broken';

const STAGES = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;
const PATHS = ['/bin/sh', '/usr/bin/env', '/dev/null', '/', '.'];
const BAD_PATHS = ['/no/such/hook', '/bin/sh/x', '', 'no-such', `/${'n'.repeat(300)}`, '/bin/sh\0', '~/x', '$HOME'];
const TIMEOUTS = [
  '0',
  '1',
  '10',
  '-5',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '-0',
  'null',
];
const BAD_TIMEOUTS = ['1.0', '1e2', '"5"', '9223372036854775808', '[]', 'true', '{}', '1E0', '0.5'];

/** Gives the words one case is about. */
export function randomVocabulary(random: Random): Vocabulary {
  // In most cases all patterns are valid, or hardly any load would succeed.
  const syntax = random.chance(0.2) ? 'any' : 'valid';
  const sample = (): PatternSample => (random.chance(0.4) ? literalPattern(random) : randomPattern(random, syntax));
  return {
    keys: random.some(1, 4, sample),
    values: random.some(1, 4, sample),
    commands: random.some(1, 3, sample),
    extensionStages: random.chance(0.7)
      ? []
      : random.some(1, 2, () => random.pick(['precreate', 'poststop', 'createRuntime', 'prestart', 'x'])),
  };
}

/** Gives the text of a definition of either format. U+E000 stands for a byte that is not UTF-8. */
export function randomDefinition(random: Random, words: Vocabulary, strangeness: Strangeness): string {
  const members = random.chance(0.65)
    ? membersOfV1(random, words, strangeness)
    : membersOfV0(random, words, strangeness);
  const text = objectText(random, bend(random, random.shuffled(members), strangeness), strangeness !== 'plain');
  if (strangeness !== 'broken' || !random.chance(0.2)) return text;
  const at = random.below(text.length + 1);
  return random.pick([
    `\ufeff${text}`,
    `${text}x`,
    `${text}{}`,
    text.slice(0, at),
    `// comment\n${text}`,
    text.replace('}', ',}'),
    text.replace(']', ',]'),
    `[${text}]`,
    'null',
    '{}',
    '',
    ' ',
    '"text"',
    '5',
    `${text}\v`,
    `\u00a0${text}`,
    `${text}\0`,
    text.replaceAll('"', "'"),
    `${text.slice(0, at)}\u0001${text.slice(at)}`,
    `${text.slice(0, at)}${random.pick([...'{}[],:"0-\\ nté'])}${text.slice(at)}`,
    text.slice(0, at) + text.slice(at + 1),
  ]);
}

function membersOfV1(random: Random, words: Vocabulary, strangeness: Strangeness): Member[] {
  const odd = strangeness !== 'plain';
  const inner = (members: readonly Member[]): string =>
    objectText(random, bend(random, random.shuffled(members), strangeness), odd);
  const hook: Member[] = [['path', stringText(random, path(random, strangeness), odd)]];
  if (random.chance(0.5)) hook.push(['args', stringArray(random, ['sh', 'a b', '', 'é', '\u2028<>&'], strangeness)]);
  if (random.chance(0.3)) hook.push(['env', stringArray(random, ['A=b', 'A', '', '=x'], strangeness)]);
  if (random.chance(0.4))
    hook.push(['timeout', random.pick(strangeness === 'broken' && random.chance(0.2) ? BAD_TIMEOUTS : TIMEOUTS)]);
  const when: Member[] = [];
  if (random.chance(0.4)) when.push(['always', random.pick(['true', 'true', 'true', 'false', 'null'])]);
  if (random.chance(0.3)) when.push(['hasBindMounts', random.pick(['true', 'true', 'true', 'false', 'null'])]);
  if (random.chance(0.5)) {
    const pairs = random.some(
      0,
      3,
      (): Member => [random.pick(words.keys).pattern, stringText(random, random.pick(words.values).pattern, odd)],
    );
    // Bent only in what JSON allows anywhere: the names of these members are patterns, whose case counts.
    when.push(['annotations', random.chance(0.05) ? 'null' : objectText(random, pairs, odd)]);
  }
  if (random.chance(0.4)) when.push(['commands', patternArray(random, words.commands, strangeness)]);
  const members: Member[] = [
    [
      'version',
      strangeness === 'broken' && random.chance(0.1)
        ? random.pick(['"0.1.0"', '"1.0"', '""', 'null', '1', '"1.0.1"', '" 1.0.0"'])
        : '"1.0.0"',
    ],
    ['hook', inner(hook)],
    ['stages', stages(random, words, strangeness)],
  ];
  if (!random.chance(0.05)) members.push(['when', odd && random.chance(0.05) ? 'null' : inner(when)]);
  return members;
}

function membersOfV0(random: Random, words: Vocabulary, strangeness: Strangeness): Member[] {
  const odd = strangeness !== 'plain';
  const either = (one: string, other: string): string => (random.chance(0.5) ? one : other);
  const members: Member[] = [['hook', stringText(random, path(random, strangeness), odd)]];
  if (random.chance(0.6)) members.push(['version', random.pick(['"0.1.0"', '"0.1.0"', '""', 'null'])]);
  members.push([either('stage', 'stages'), stages(random, words, strangeness)]);
  if (random.chance(0.4)) members.push(['arguments', stringArray(random, ['a', '', 'x y'], strangeness)]);
  if (random.chance(0.5)) members.push([either('cmd', 'cmds'), patternArray(random, words.commands, strangeness)]);
  if (random.chance(0.5))
    members.push([either('annotation', 'annotations'), patternArray(random, words.values, strangeness)]);
  if (random.chance(0.3)) members.push(['hasbindmounts', random.pick(['true', 'true', 'false', 'null'])]);
  if (odd && random.chance(0.15))
    members.push([
      random.pick(['stage', 'stages', 'cmd', 'cmds', 'annotation', 'annotations']),
      random.pick(['null', 'null', '[]', '["a"]']),
    ]);
  if (random.chance(0.1)) members.push(['when', '{"always":true}'], ['always', 'true']);
  return members;
}

/** Writes members as Go still reads them (case, folds, doubles, unknown names) or, when broken, as it may not. */
function bend(random: Random, members: readonly Member[], strangeness: Strangeness): Member[] {
  if (strangeness === 'plain') return [...members];
  const broken = strangeness === 'broken';
  const result: Member[] = [];
  for (const [key, value] of members) {
    if (random.chance(0.06))
      result.push([strangeCase(random, key), broken && random.chance(0.4) ? oddValue(random) : value]);
    if (broken && random.chance(0.04)) continue;
    result.push([
      random.chance(0.15) ? strangeCase(random, key) : key,
      broken && random.chance(0.05) ? oddValue(random) : value,
    ]);
    const again = broken ? ['null', value, '[]', '{}', '""'] : [value, value, emptied(value)];
    while (random.chance(0.08)) result.push([random.chance(0.5) ? key : strangeCase(random, key), random.pick(again)]);
    if (random.chance(0.08))
      result.push([
        random.pick(['comment', 'Kind', '', 'ho\u0000ok', 'hooks', '__proto__', 'constructor', 'toString', '$schema']),
        oddValue(random),
      ]);
  }
  return result;
}

/** A value of the same type that says nothing; for a list, one with nulls where Go keeps what was there before. */
function emptied(value: string): string {
  if (value.startsWith('[')) return value === '[]' ? 'null' : value.replace(/"(?:[^"\\]|\\.)*"/, 'null');
  if (value.startsWith('{')) return '{}';
  return value.startsWith('"') ? 'null' : value;
}

function strangeCase(random: Random, key: string): string {
  return [...key]
    .map((letter) => {
      if (letter === 's' && random.chance(0.3)) return 'ſ';
      if (letter === 'k' && random.chance(0.3)) return '\u212a';
      // Not a simple fold of i or s in any case: such a name is an unknown one.
      if (random.chance(0.01)) return random.pick(['ı', 'İ', 'ß']);
      return random.chance(0.3) ? letter.toUpperCase() : letter;
    })
    .join('');
}

function path(random: Random, strangeness: Strangeness): string {
  return random.chance(strangeness === 'broken' ? 0.15 : 0.04)
    ? random.pick(strangeness === 'broken' ? BAD_PATHS : ['/no/such/hook'])
    : random.pick(PATHS);
}

function stages(random: Random, words: Vocabulary, strangeness: Strangeness): string {
  const bad = strangeness === 'broken' && random.chance(0.1);
  const known = [...STAGES, ...STAGES, ...words.extensionStages];
  const names = random.some(random.chance(0.9) ? 1 : 0, 3, () => random.pick(known));
  if (bad) names.push(random.pick(['preStart', 'Prestart', 'precreate', '', 'poststop ', 'prestart\0']));
  return arrayText(random, names, strangeness);
}

function patternArray(random: Random, samples: readonly PatternSample[], strangeness: Strangeness): string {
  return arrayText(
    random,
    random.some(random.chance(0.8) ? 1 : 0, 3, () => random.pick(samples).pattern),
    strangeness,
  );
}

function stringArray(random: Random, choices: readonly string[], strangeness: Strangeness): string {
  return arrayText(
    random,
    random.some(0, 3, () => random.pick(choices)),
    strangeness,
  );
}

function arrayText(random: Random, strings: readonly string[], strangeness: Strangeness): string {
  const odd = strangeness !== 'plain';
  const items = strings.map((text) => {
    // A null is the empty text, which is no stage: only a broken definition has it in any list.
    if (odd && random.chance(strangeness === 'broken' ? 0.05 : 0.005)) return 'null';
    return strangeness === 'broken' && random.chance(0.02) ? oddValue(random) : stringText(random, text, odd);
  });
  return strangeness === 'broken' && random.chance(0.03)
    ? 'null'
    : `[${items.join(odd && random.chance(0.3) ? ' ,\n' : ',')}]`;
}
