import { statusAt } from '#file-calls';

/** A file that belongs to the machine's root in every container: its owner is how that root shows there. */
const ROOTS_FILE = '/proc/sys/kernel/overflowuid';

/**
 * Gives the uid that the machine's root has here: 0, or in a user namespace that does not have it, as that of rootless
 * Podman, the one by which the kernel shows everybody whom it does not have. 0 where /proc is not to be had.
 * Source: user_namespaces(7), "Unmapped user and group IDs".
 */
export function machineRoot(): number {
  const status = statusAt(ROOTS_FILE, 'follow');
  return typeof status === 'number' ? 0 : status.uid;
}
