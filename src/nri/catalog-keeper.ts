import { join } from 'node:path';
import type { Catalog } from '../core/catalog/catalog.ts';
import type { FindHookProgram } from '../core/catalog/hook-path.ts';
import type { Diagnostic } from '../core/diagnostic/diagnostic.ts';
import { EXECUTABLE } from '../host/executable.ts';
import type { LoadCatalogOptions } from '../host/hook-directories.ts';
import { findHookProgram } from '../host/hook-program.ts';
import { findHookProgramBeneath } from '../host/host-root.ts';
import { watchCatalogAbove } from '../host/watch.ts';
import type { NriSettings } from './settings.ts';

/** How often programs that do not exist are looked for again. */
const RECHECK_MILLISECONDS = 5000;

/** What is known of the definitions at a moment. */
export interface CatalogState {
  /** The last good catalog; before there was one, the one with errors; undefined before the first is loaded. */
  readonly catalog: Catalog | undefined;
  /** How many catalogs have come into force. */
  readonly generation: number;
  /** When the last good one was loaded. */
  readonly lastGoodAt: Date | undefined;
  /** What there is to say of the files as they are now. */
  readonly diagnostics: readonly Diagnostic[];
  /** Whether the files have errors now, so that an older catalog is in force. */
  readonly isStale: boolean;
}

/** What is known before anything is loaded. */
export const NOTHING_LOADED: CatalogState = {
  catalog: undefined,
  generation: 0,
  lastGoodAt: undefined,
  diagnostics: [],
  isStale: false,
};

/** Tells whether there is a catalog to decide with. */
export function isGood({ catalog }: CatalogState): boolean {
  return catalog !== undefined && !catalog.hasErrors;
}

/** Gives the look for hook programs that the settings ask for: on this machine, or beneath the host's root. */
export function hookProgramFinder({ hostRoot }: NriSettings): FindHookProgram {
  return hostRoot === undefined ? findHookProgram : findHookProgramBeneath(hostRoot);
}

/**
 * Loads the definitions and goes on watching them, until the signal.
 *
 * @param isNamed - whether somebody named the hooks directories, so that a missing one is a mistake
 * @param changed - told the new state, the first time when the first load is done
 */
export async function keepCatalog(
  settings: NriSettings,
  isNamed: boolean,
  signal: AbortSignal,
  changed: (state: CatalogState) => void,
): Promise<void> {
  const { hooksDirs, builtin, extensionStages, hostRoot } = settings;
  const carried = builtin ? EXECUTABLE?.definitions : undefined;
  const beside = builtin && !carried ? [join(import.meta.dirname, '../../hooks.d')] : [];
  const options: LoadCatalogOptions = {
    extensionStages,
    trust: 'refuse',
    tellMissingDirectories: isNamed,
    findHookProgram: hookProgramFinder(settings),
    // With a root of the host's beside its own, this is a pod, and its files come from the volumes of ConfigMaps.
    trustReadOnlyMounts: hostRoot !== undefined,
  };
  const watched = { ...options, signal, recheckMilliseconds: RECHECK_MILLISECONDS };
  for await (const catalog of watchCatalogAbove(carried ?? [], [...beside, ...hooksDirs], watched)) {
    changed({
      catalog,
      generation: 0,
      lastGoodAt: new Date(),
      diagnostics: withConsequence(catalog, settings),
      isStale: catalog.isStale ?? false,
    });
  }
}

/** Says of a definition without its program what comes of it here, which is more than that it is not in force. */
function withConsequence({ waiting, diagnostics }: Catalog, { onError }: NriSettings): readonly Diagnostic[] {
  const paths = new Set(waiting.compiled.map(({ definition }) => definition.path));
  return diagnostics.map((diagnostic) => {
    const { code, args, path } = diagnostic;
    const isMeant = code === 'HOOK_PATH_MISSING' || code === 'HOOK_PATH_IN_CONTAINER';
    return isMeant && paths.has(path) ? { ...diagnostic, args: { ...args, onError } } : diagnostic;
  });
}
