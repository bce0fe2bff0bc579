import type { Catalog, DefinitionFile } from '../core/catalog/catalog.ts';
import { type LoadCatalogOptions, loadCatalogAbove } from './hook-directories.ts';
import { findHookProgram } from './hook-program.ts';
import { PathWatchers } from './path-watchers.ts';

/** How directories are watched. */
export interface WatchCatalogOptions extends LoadCatalogOptions {
  /** Ends the watching; the iteration then ends without an error. */
  readonly signal: AbortSignal;
  /** How long it must be quiet before a change is read, in milliseconds; 100 by default. */
  readonly quietMilliseconds?: number;
  /** How long a change waits at most while more of them come, in milliseconds; 1000 by default. */
  readonly patienceMilliseconds?: number;
  /**
   * How often programs that do not exist are looked for again, in milliseconds: a directory of programs is not watched.
   * By default never.
   */
  readonly recheckMilliseconds?: number;
}

/**
 * Gives the catalog of hooks directories, then a new one after each change that makes a difference. Directories may come,
 * go, be renamed and be replaced.
 *
 * A change that leaves errors does not drop what was good: the catalog is then the last good one with `isStale` set, and
 * its `diagnostics` say what is wrong now. Only when the very first load has errors there is nothing to keep.
 */
export function watchCatalog(
  directories: readonly string[],
  options: WatchCatalogOptions,
): AsyncGenerator<Catalog, void, undefined> {
  return watchCatalogAbove([], directories, options);
}

/** Watches as `watchCatalog` does, with definitions that are at hand as the least preferred directory. */
export async function* watchCatalogAbove(
  atHand: readonly DefinitionFile[],
  directories: readonly string[],
  options: WatchCatalogOptions,
): AsyncGenerator<Catalog, void, undefined> {
  const { signal } = options;
  if (signal.aborted) return;
  const changes = createChangeSignal(options);
  // The watchers stand before the first load, so that no change falls between.
  const watchers = new PathWatchers(directories, changes.notify);
  const recheck = createRecheck(options, changes.notify);
  const stop = (): void => changes.end();
  signal.addEventListener('abort', stop, { once: true });
  try {
    let lastGood: Catalog | undefined;
    let lastContent: string | undefined;
    do {
      watchers.arm();
      const loaded = await loadCatalogAbove(atHand, directories, options);
      if (signal.aborted) return;
      recheck.expect(loaded);
      const content = contentOf(loaded);
      if (content === lastContent) continue;
      lastContent = content;
      if (!loaded.hasErrors) lastGood = loaded;
      yield loaded.hasErrors && lastGood ? { ...lastGood, diagnostics: loaded.diagnostics, isStale: true } : loaded;
    } while (await changes.next());
  } finally {
    signal.removeEventListener('abort', stop);
    changes.end();
    recheck.end();
    watchers.close();
  }
}

interface Recheck {
  /** Looks from now on for the programs that this catalog misses. */
  readonly expect: (catalog: Catalog) => void;
  readonly end: () => void;
}

/** Tells when a program that was missing is there. */
function createRecheck(options: WatchCatalogOptions, notify: () => void): Recheck {
  const { recheckMilliseconds: every, findHookProgram: find = findHookProgram } = options;
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => clearInterval(timer);
  return {
    end,
    expect: ({ inactive }) => {
      end();
      const missing = new Set(inactive.map(({ hook }) => hook.path));
      if (every === undefined || missing.size === 0) return;
      timer = setInterval(() => {
        if ([...missing].some((path) => find(path).kind !== 'missing')) notify();
      }, every);
    },
  };
}

/** A text that is equal for catalogs that mean the same. */
function contentOf({ definitions, masked, inactive, diagnostics }: Catalog): string {
  return JSON.stringify([definitions, masked, inactive, diagnostics], (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value,
  );
}

interface ChangeSignal {
  readonly notify: () => void;
  /** Resolves once it is quiet after a change; with false when the watching has ended. */
  readonly next: () => Promise<boolean>;
  readonly end: () => void;
}

/** Editors and package managers change a file in several steps; they are taken as one change. */
function createChangeSignal(options: WatchCatalogOptions): ChangeSignal {
  const quiet = options.quietMilliseconds ?? 100;
  const patience = options.patienceMilliseconds ?? 1000;
  let firstChange: number | undefined;
  let hasChanged = false;
  let hasEnded = false;
  let timer: NodeJS.Timeout | undefined;
  let wake: (() => void) | undefined;
  const settle = (): void => {
    firstChange = undefined;
    hasChanged = true;
    wake?.();
  };
  return {
    notify: () => {
      if (hasEnded) return;
      const now = Date.now();
      firstChange ??= now;
      clearTimeout(timer);
      timer = setTimeout(settle, Math.max(0, Math.min(quiet, firstChange + patience - now)));
    },
    next: async () => {
      if (!hasChanged && !hasEnded) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      hasChanged = false;
      return !hasEnded;
    },
    end: () => {
      hasEnded = true;
      clearTimeout(timer);
      wake?.();
    },
  };
}
