import type { Locate } from '../definition/document.ts';
import { pointerOf } from '../definition/document.ts';
import type { HookDefinition } from '../definition/hook-definition.ts';
import { type Diagnostic, error, warning } from '../diagnostic/diagnostic.ts';
import { shellWord } from '../diagnostic/quote.ts';

/** What stands at a hook's path on this machine. */
export type HookProgram =
  | { readonly kind: 'program' }
  | { readonly kind: 'not-executable' }
  | { readonly kind: 'not-a-file' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** Looks what stands at a hook's path, links followed. */
export type FindHookProgram = (path: string) => HookProgram;

/** Whether a definition's program exists, and what is odd about it. */
export interface HookPathCheck {
  readonly exists: boolean;
  readonly diagnostics: readonly Diagnostic[];
}

const THERE: HookPathCheck = { exists: true, diagnostics: [] };

/**
 * Looks for a definition's program. A missing one makes the definition inactive, with a warning; a path that cannot be
 * followed (a file for a directory, a loop of links) is an error, as in the reference.
 */
export function checkHookPath(
  definition: HookDefinition,
  locate: Locate,
  find: FindHookProgram | undefined,
): HookPathCheck {
  const program = find?.(definition.hook.path);
  if (program === undefined || program.kind === 'program') return THERE;
  const path = definition.version === '1.0.0' ? ['hook', 'path'] : ['hook'];
  const place = { path: definition.path, at: locate(path), pointer: pointerOf(path) };
  const args = { hookPath: definition.hook.path };
  switch (program.kind) {
    case 'missing': {
      const isInContainer = definition.stages.includes('startContainer');
      const diagnostic = isInContainer
        ? warning('HOOK_PATH_IN_CONTAINER', { ...place, hint: 'createContainer' }, args)
        : warning('HOOK_PATH_MISSING', place, args);
      return { exists: false, diagnostics: [diagnostic] };
    }
    case 'unreachable':
      return {
        exists: false,
        diagnostics: [error('HOOK_PATH_UNREACHABLE', place, { ...args, reason: program.reason })],
      };
    case 'not-a-file':
      return { exists: true, diagnostics: [warning('HOOK_PATH_NOT_A_FILE', place, args)] };
    case 'not-executable': {
      const hint = `chmod +x ${shellWord(definition.hook.path)}`;
      return { exists: true, diagnostics: [warning('HOOK_NOT_EXECUTABLE', { ...place, hint }, args)] };
    }
    default:
      return program satisfies never;
  }
}
