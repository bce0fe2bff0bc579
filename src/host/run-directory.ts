import { readProcText } from '../linux/process/proc-file.ts';
import { machineRoot } from './machine-root.ts';

/** What is asked of the machine to tell whose process we are. */
export interface RunPlace {
  /** The uid that the machine's root has here. */
  readonly machineRoot: () => number;
  /** The text of our uid_map. */
  readonly uidMap: () => string;
}

const HERE: RunPlace = { machineRoot, uidMap: () => readProcText('/proc/self/uid_map') };

/**
 * Gives the directory for what must not outlive the machine's run: root's own, or the user's under $XDG_RUNTIME_DIR. Root
 * of a user namespace without the machine's root, as that of rootless Podman, is the user who made it. Whoever makes it gives
 * it mode 0700. Source: user_namespaces(7).
 */
export function runDirectory(place: RunPlace = HERE): string {
  const user = process.geteuid?.() ?? 0;
  if (user === 0 && place.machineRoot() === 0) return '/run/oci-hooks';
  const own = process.env['XDG_RUNTIME_DIR'];
  if (own?.startsWith('/')) return `${own}/oci-hooks`;
  return `/run/user/${user === 0 ? outsideRoot(place.uidMap()) : user}/oci-hooks`;
}

/** Gives which user outside is root here; 0 where the map does not say. */
function outsideRoot(uidMap: string): number {
  for (const line of uidMap.split('\n')) {
    const numbers: number[] = [];
    for (const word of line.split(' ')) if (word !== '') numbers.push(Number(word));
    if (numbers[0] === 0) return numbers[1] ?? 0;
  }
  return 0;
}
