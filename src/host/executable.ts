import type { DefinitionFile } from '../core/catalog/catalog.ts';

/** What scripts/build-executable.js compiles into the single executable; under Node the name does not exist. */
declare const HOOKS_EXECUTABLE: Executable | undefined;

/** What the single executable carries instead of files beside it. */
export interface Executable {
  /** The shipped definitions, in order of their names. */
  readonly definitions: readonly DefinitionFile[];
}

/** What the single executable carries, or undefined under Node. */
export const EXECUTABLE: Executable | undefined =
  typeof HOOKS_EXECUTABLE === 'undefined' ? undefined : HOOKS_EXECUTABLE;
