import { error, type Parsed } from '../diagnostic/diagnostic.ts';
import type { Hook } from '../oci/hook.ts';
import type { HookDefinition } from './hook-definition.ts';
import type { LocatedDefinition } from './parse.ts';

/** The content of a definition file of format 1.0.0, its members in the order people write them. */
export interface DefinitionDocument {
  readonly version: '1.0.0';
  readonly hook: Hook;
  readonly when: {
    readonly always?: boolean;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly commands?: readonly string[];
    readonly hasBindMounts?: boolean;
  };
  readonly stages: readonly string[];
}

/**
 * Gives a valid definition as a document of format 1.0.0 that matches the same containers.
 *
 * In format 0.1.0 one condition is enough, in 1.0.0 all must hold, so only a definition with at most one kind of condition
 * has such a document; `WHEN_NOT_CONVERTIBLE` names the kinds of any other. The value patterns of 0.1.0 are one pattern
 * already when they are read (`read0_1_0`). `hasbindmounts: false` and an empty `cmds` are no conditions there.
 */
export function convertDefinition({ definition, locate }: LocatedDefinition): Parsed<DefinitionDocument> {
  const { version, hook, stages } = definition;
  const document = (when: DefinitionDocument['when']): Parsed<DefinitionDocument> => ({
    value: { version: '1.0.0', hook: inOrder(hook), when, stages },
    diagnostics: [],
  });
  if (version === '1.0.0') {
    const { combine: _all, ...when } = definition.when;
    return document(when);
  }
  const conditions = conditionsOf0_1_0(definition);
  const [first, ...others] = conditions;
  if (others.length === 0) return document(first?.when ?? {});
  const place = { path: definition.path, at: locate([]), pointer: '' };
  return {
    diagnostics: [error('WHEN_NOT_CONVERTIBLE', place, { conditions: conditions.map(({ name }) => name) })],
  };
}

interface Condition {
  readonly name: string;
  readonly when: DefinitionDocument['when'];
}

/** The conditions of format 0.1.0 that can hold at all, each as it is written in 1.0.0. */
function conditionsOf0_1_0({ when }: HookDefinition): Condition[] {
  const { hasBindMounts, annotations, commands } = when;
  return [
    ...(hasBindMounts === true ? [{ name: 'hasbindmounts', when: { hasBindMounts } }] : []),
    ...(annotations ? [{ name: 'annotations', when: { annotations } }] : []),
    ...(commands && commands.length > 0 ? [{ name: 'cmds', when: { commands } }] : []),
  ];
}

function inOrder({ path, args, env, timeout }: Hook): Hook {
  return { path, ...(args && { args }), ...(env && { env }), ...(timeout !== undefined && { timeout }) };
}
