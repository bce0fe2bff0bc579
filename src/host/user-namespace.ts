import { readFileSync } from 'node:fs';
import { machineRoot } from './machine-root.ts';
import { type RunPlace, UID_MAP } from './run-place.ts';

/** What the machine says of itself, by node:fs. */
export const HERE: RunPlace = {
  machineRoot,
  uidMap: () => {
    try {
      return readFileSync(UID_MAP, 'latin1');
    } catch {
      // Without /proc there is nothing to be known.
      return '';
    }
  },
};
