import { runDirectoryAt } from './run-place.ts';
import { HERE } from './user-namespace.ts';

/**
 * Gives the directory for what must not outlive the machine's run: root's own, or the user's under $XDG_RUNTIME_DIR.
 * Whoever makes it gives it mode 0700.
 */
export function runDirectory(): string {
  return runDirectoryAt(HERE);
}
