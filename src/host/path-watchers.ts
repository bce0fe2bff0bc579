import { type FSWatcher, statSync, watch } from 'node:fs';
import { dirname, resolve } from 'node:path';

interface ArmedWatcher {
  readonly watcher: FSWatcher;
  readonly identity: string;
}

/**
 * Watches directories and each directory above them, for the one name that leads down: so a directory that is missing,
 * moved away or replaced is seen when it comes back.
 */
export class PathWatchers {
  readonly #armed = new Map<string, ArmedWatcher>();
  readonly #wanted: ReadonlyMap<string, ReadonlySet<string> | 'all'>;
  readonly #notify: () => void;

  constructor(directories: readonly string[], notify: () => void) {
    this.#wanted = wantedNames(directories);
    this.#notify = notify;
  }

  /** Watches what is there now, and lets go of what is not, or is another directory than before. */
  arm(): void {
    for (const [path, names] of this.#wanted) {
      const identity = identityOf(path);
      const armed = this.#armed.get(path);
      if (armed?.identity === identity) continue;
      armed?.watcher.close();
      this.#armed.delete(path);
      if (identity !== undefined) this.#watch(path, names, identity);
    }
  }

  close(): void {
    for (const { watcher } of this.#armed.values()) watcher.close();
    this.#armed.clear();
  }

  #watch(path: string, names: ReadonlySet<string> | 'all', identity: string): void {
    try {
      const watcher = watch(path, { persistent: true }, (_event, name) => {
        // A directory's own removal comes with its own name, or with none.
        if (names === 'all' || name === null || names.has(name) || identityOf(path) !== identity) this.#notify();
      });
      // The directory went away or cannot be read any more: the next load says so.
      watcher.on('error', () => this.#notify());
      this.#armed.set(path, { watcher, identity });
    } catch {
      // It vanished between the two calls, or may not be read; a directory above is watched, and loading tells the rest.
    }
  }
}

function wantedNames(directories: readonly string[]): Map<string, Set<string> | 'all'> {
  const wanted = new Map<string, Set<string> | 'all'>();
  for (const directory of directories) {
    let path = resolve(directory);
    wanted.set(path, 'all');
    for (let parent = dirname(path); parent !== path; path = parent, parent = dirname(path)) {
      const names = wanted.get(parent) ?? new Set<string>();
      if (names !== 'all') wanted.set(parent, names.add(path.slice(path.lastIndexOf('/') + 1)));
    }
  }
  return wanted;
}

function identityOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined;
}
