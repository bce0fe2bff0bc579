import type { Hook } from '../oci/hook.ts';
import type { When } from './hook-definition.ts';
import { isObject, type KeyKinds } from './keys.ts';
import { readTexts, readTimeout, text } from './read.ts';

/** The keys of format 1.0.0. Source: oci-hooks(5); containers/common pkg/hooks/1.0.0. */
export const KEYS_1_0_0: KeyKinds = {
  $schema: 'scalar',
  version: 'text',
  hook: { path: 'text', args: 'list', env: 'list', timeout: 'scalar' },
  when: { always: 'scalar', annotations: 'map', commands: 'list', hasBindMounts: 'scalar' },
  stages: 'list',
};

/** What a format says about a hook, in the shape of 1.0.0. */
export interface DefinitionContent {
  readonly hook: Hook;
  readonly when: When;
  readonly stages: readonly string[];
}

/** Reads a value that has the shape of schemas/hook-1.0.0.json. */
export function read1_0_0(value: unknown, timeoutLiteral: () => string): DefinitionContent {
  const document = isObject(value) ? value : {};
  const hook = isObject(document['hook']) ? document['hook'] : {};
  const when = isObject(document['when']) ? document['when'] : {};
  const args = nonEmpty(readTexts(hook['args']));
  const env = nonEmpty(readTexts(hook['env']));
  const timeout = readTimeout(hook['timeout'], timeoutLiteral);
  const always = readBoolean(when['always']);
  const hasBindMounts = readBoolean(when['hasBindMounts']);
  const annotations = readPatterns(when['annotations']);
  const commands = readTexts(when['commands']);
  return {
    hook: {
      path: text(hook['path']),
      ...(args && { args }),
      ...(env && { env }),
      ...(timeout !== undefined && { timeout }),
    },
    when: {
      combine: 'all',
      ...(always !== undefined && { always }),
      ...(hasBindMounts !== undefined && { hasBindMounts }),
      ...(annotations && { annotations }),
      ...(commands && { commands }),
    },
    stages: readTexts(document['stages']) ?? [],
  };
}

/** Go omits an empty list when it writes a hook (`omitempty`), so it counts as absent. */
function nonEmpty(texts: readonly string[] | undefined): readonly string[] | undefined {
  return texts?.length === 0 ? undefined : texts;
}

function readBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function readPatterns(value: unknown): Readonly<Record<string, string>> | undefined {
  if (!isObject(value)) return undefined;
  return Object.fromEntries(Object.entries(value).map(([key, pattern]) => [text(key), text(pattern)]));
}
