import { randomDefinition, randomVocabulary, type Strangeness, type Vocabulary } from './definition.ts';
import { stringText } from './json-text.ts';
import { nearby, type PatternSample } from './pattern.ts';
import type { Random } from './random.ts';

/** What stands at a name in a hooks directory. */
export type Entry =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'directory' };

/** One case: directories to write, and a container. */
export interface InjectCase {
  /** By directory, least preferred first; undefined is a directory that does not exist. */
  readonly directories: readonly (Readonly<Record<string, Entry>> | undefined)[];
  readonly extensionStages: readonly string[];
  readonly hasBindMounts: boolean;
  readonly config: string;
}

const NAMES = [
  '10-a.json',
  '10-A.json',
  'a.json',
  'a-.json',
  'a_.json',
  'A_.json',
  'aB.json',
  'B.json',
  'b.json',
  '.json',
  '..json',
  '.a.json',
  'z.json',
  'é.json',
  'É.json',
  'e\u0301.json',
  'İ.json',
  'i.json',
  'i\u0307.json',
  'Σ.json',
  'ς.json',
  'σ.json',
  'ß.json',
  'ẞ.json',
  '\u212a.json',
  'k.json',
  '\u{10000}.json',
  '\u{10400}.json',
  '\u{10428}.json',
  '\u{e001}.json',
  '\uffff.json',
  'a b.json',
  'a\n.json',
  '9.json',
  '10.json',
  '1.json.json',
  'constructor.json',
  '__proto__.json',
  'x.yml.json',
];
const TRAPS = ['x.JSON', 'x.json~', 'x.jsonc', 'README', 'x.json.bak', 'json', 'x.Json', '.json.swp', 'x.json '];
const STAGES = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'] as const;

/** Gives a case: half of them one odd definition, half directories that mask one another. */
export function randomInjectCase(random: Random): InjectCase {
  const words = randomVocabulary(random);
  const directories: InjectCase['directories'][number][] = random.chance(0.5)
    ? [oneFile(random, words)]
    : random.some(1, 3, () => randomDirectory(random, words));
  return {
    directories: random.chance(0.04)
      ? directories.toSpliced(random.below(directories.length + 1), 0, undefined)
      : directories,
    extensionStages: words.extensionStages,
    hasBindMounts: random.chance(0.5),
    config: randomConfig(random, words),
  };
}

function oneFile(random: Random, words: Vocabulary): Readonly<Record<string, Entry>> {
  return { 'a.json': { kind: 'text', text: randomDefinition(random, words, random.chance(0.5) ? 'broken' : 'odd') } };
}

function randomDirectory(random: Random, words: Vocabulary): Readonly<Record<string, Entry>> {
  // Most directories are all good, or no load would ever succeed; few names, so that they mask and tie.
  const strangeness: Strangeness = random.pick([
    'plain',
    'plain',
    'odd',
    'odd',
    'odd',
    random.chance(0.5) ? 'broken' : 'odd',
  ]);
  const names = random.chance(0.5) ? NAMES.slice(0, 7) : NAMES;
  const entries: [string, Entry][] = random.some(0, 5, () => [
    random.chance(0.08) ? random.pick(TRAPS) : random.pick(names),
    { kind: 'text', text: randomDefinition(random, words, strangeness) },
  ]);
  if (random.chance(0.1)) {
    const kind: Entry = random.pick([
      { kind: 'link', target: entries[0]?.[0] ?? 'a.json' },
      { kind: 'link', target: 'no-such-file' },
      { kind: 'link', target: 'no/such/file' },
      ...(random.chance(0.1)
        ? ([
            { kind: 'directory' },
            { kind: 'link', target: '/dev/null' },
            { kind: 'link', target: 'loop.json' },
          ] as const)
        : []),
    ]);
    entries.push([kind.kind === 'link' && kind.target === 'loop.json' ? 'loop.json' : random.pick(names), kind]);
  }
  // A target may be the link itself, by name: then it is a loop, as good a case as any.
  return Object.fromEntries(entries);
}

function randomConfig(random: Random, words: Vocabulary): string {
  const odd = random.chance(0.3);
  const text = (value: string): string => stringText(random, value, odd).replaceAll('\ue000', 'x');
  const members: string[] = ['"ociVersion":"1.0.2"'];
  if (!random.chance(0.15)) {
    const samples = random.some(0, 4, () => [near(random, words.keys), near(random, words.values)] as const);
    // One value a key: of a doubled key JSON.parse keeps the last as Go does, but each name here is written once.
    const pairs = [...new Map(samples)].map(([key, value]) => `${text(key)}:${text(value)}`);
    members.push(`"annotations":${random.chance(0.05) ? 'null' : `{${pairs.join(',')}}`}`);
  }
  if (!random.chance(0.15)) {
    const args = random.pick([
      ...Array.from({ length: 8 }, () => `{"args":[${text(near(random, words.commands))},"x"],"cwd":"/"}`),
      '{"cwd":"/"}',
      '{"args":null,"cwd":"/"}',
      '{"args":[]}',
      '{"args":[""]}',
      'null',
      '{}',
    ]);
    members.push(`"process":${args}`);
  }
  if (random.chance(0.6)) members.push(`"hooks":${existingHooks(random)}`);
  if (random.chance(0.3)) members.push('"linux":{"resources":{"memory":{"limit":9223372036854775807}}}');
  return `{${random.shuffled(members).join(random.pick([',', ', ', ',\n  ']))}}${random.pick(['', '\n'])}`;
}

function existingHooks(random: Random): string {
  if (random.chance(0.15)) return 'null';
  const stages = random.shuffled(STAGES).slice(0, random.below(4));
  const entry = (): string =>
    random.pick([
      '{"path":"/bin/sh"}',
      '{ "path" : "/own" , "timeout":9007199254740993 }',
      '{"path":"/own","args":["a"],"env":["B=c"]}',
    ]);
  const members = stages.map(
    (stage) => `"${stage}": ${random.chance(0.2) ? 'null' : `[${random.some(0, 2, entry).join(', ')}]`}`,
  );
  return `{${members.join(',')}}`;
}

function near(random: Random, samples: readonly PatternSample[]): string {
  return nearby(random, random.pick(samples).example);
}
