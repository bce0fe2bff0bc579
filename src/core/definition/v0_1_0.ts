import type { Locate } from './document.ts';
import { isObject, type KeyKinds } from './keys.ts';
import { readTexts, text } from './read.ts';
import type { DefinitionContent } from './v1_0_0.ts';

/** The keys of format 0.1.0. Source: containers/common pkg/hooks/0.1.0. */
export const KEYS_0_1_0: KeyKinds = {
  $schema: 'scalar',
  version: 'text',
  hook: 'scalar',
  arguments: 'list',
  stages: 'list',
  stage: 'list',
  cmds: 'list',
  cmd: 'list',
  annotations: 'list',
  annotation: 'list',
  hasbindmounts: 'scalar',
};

const OTHER_NAMES: ReadonlyMap<unknown, string> = new Map([
  ['stages', 'stage'],
  ['cmds', 'cmd'],
  ['annotations', 'annotation'],
]);

/** Gives places by the name that a property was written under: `stage` where `stages` has no value. */
export function locateByWrittenName(locate: Locate, value: unknown): Locate {
  const document = isObject(value) ? value : {};
  return ([first, ...rest], part) => {
    const other = OTHER_NAMES.get(first);
    const isOther =
      other !== undefined && (document[String(first)] ?? null) === null && (document[other] ?? null) !== null;
    const written = isOther ? other : first;
    return locate(written === undefined ? [] : [written, ...rest], part);
  };
}

/**
 * Reads a value that has the shape of schemas/hook-0.1.0.json. Its value patterns become one, joined with `|`, for any
 * key: pieces that are not valid alone may be so together, and an empty list matches any annotation, as in the reference.
 */
export function read0_1_0(value: unknown): DefinitionContent {
  const document = isObject(value) ? value : {};
  const path = text(document['hook']);
  const hookArguments = readTexts(document['arguments']);
  const commands = readTexts(document['cmds']) ?? readTexts(document['cmd']);
  const annotations = readTexts(document['annotations']) ?? readTexts(document['annotation']);
  const hasBindMounts = document['hasbindmounts'];
  return {
    hook: { path, ...(hookArguments && { args: [path, ...hookArguments] }) },
    when: {
      combine: 'any',
      ...(typeof hasBindMounts === 'boolean' && { hasBindMounts }),
      ...(annotations && { annotations: { '.*': annotations.join('|') } }),
      ...(commands && { commands }),
    },
    stages: readTexts(document['stages']) ?? readTexts(document['stage']) ?? [],
  };
}
