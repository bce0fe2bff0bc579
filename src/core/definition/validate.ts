import { type Diagnostic, error, warning } from '../diagnostic/diagnostic.ts';
import { nearest } from '../diagnostic/nearest.ts';
import { isStage, STAGES } from '../oci/stage.ts';
import { type Locate, type PathSegment, pointerOf } from './document.ts';
import type { HookDefinition } from './hook-definition.ts';

/**
 * Gives what is wrong or likely not meant in a definition whose shape is right. Patterns and the hook's program are
 * looked at elsewhere: `compileDefinition`, `checkHookPath`.
 *
 * @param extensionStages - stages that the caller's engine knows besides those of the runtime-spec
 */
export function validateDefinition(
  definition: HookDefinition,
  locate: Locate,
  extensionStages: readonly string[],
): Diagnostic[] {
  const place = (path: readonly PathSegment[], hint?: string) => ({
    path: definition.path,
    at: locate(path),
    pointer: pointerOf(path),
    hint,
  });
  return [
    ...validateStages(definition, place, extensionStages),
    ...validateHook(definition, place),
    ...validateWhen(definition, place),
  ];
}

type PlaceOf = (path: readonly PathSegment[], hint?: string) => Parameters<typeof error>[1];

function validateStages(definition: HookDefinition, place: PlaceOf, extensionStages: readonly string[]): Diagnostic[] {
  const { stages } = definition;
  if (stages.length === 0) return [warning('STAGES_EMPTY', place(['stages']), {})];
  const diagnostics: Diagnostic[] = [];
  for (const [index, stage] of stages.entries()) {
    if (!isStage(stage) && !extensionStages.includes(stage)) {
      const known = [...STAGES, ...extensionStages];
      diagnostics.push(error('STAGE_UNKNOWN', place(['stages', index], nearest(stage, known)), { stage, known }));
    } else if (stages.indexOf(stage) < index) {
      diagnostics.push(warning('STAGE_REPEATED', place(['stages', index]), { stage }));
    }
  }
  return diagnostics;
}

function validateHook(definition: HookDefinition, place: PlaceOf): Diagnostic[] {
  const { path: hookPath, timeout } = definition.hook;
  const pathPlace = definition.version === '1.0.0' ? ['hook', 'path'] : ['hook'];
  const diagnostics: Diagnostic[] = [];
  if (!hookPath.startsWith('/')) {
    diagnostics.push(warning('HOOK_PATH_RELATIVE', place(pathPlace), { hookPath }));
  }
  if (timeout !== undefined && timeout <= 0) {
    diagnostics.push(warning('TIMEOUT_NOT_POSITIVE', place(['hook', 'timeout']), { timeout: String(timeout) }));
  }
  return diagnostics;
}

function validateWhen(definition: HookDefinition, place: PlaceOf): Diagnostic[] {
  const { always, hasBindMounts, annotations, commands, combine } = definition.when;
  const hasPatterns = Object.keys(annotations ?? {}).length > 0 || (commands ?? []).length > 0;
  if (combine === 'any') {
    return hasPatterns || hasBindMounts === true ? [] : [warning('WHEN_NEVER_MATCHES', place([]), { reason: 'empty' })];
  }
  if (always === false) return [warning('WHEN_NEVER_MATCHES', place(['when', 'always']), { reason: 'always-false' })];
  if (hasBindMounts === false) {
    return [warning('WHEN_NEVER_MATCHES', place(['when', 'hasBindMounts']), { reason: 'has-bind-mounts-false' })];
  }
  if (always === undefined && hasBindMounts === undefined && !hasPatterns) {
    return [warning('WHEN_NEVER_MATCHES', place(['when']), { reason: 'empty' })];
  }
  return [];
}
