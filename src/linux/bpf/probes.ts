import type { DeviceMap } from './device-map.ts';
import { ACCESS_MASKS, type DeviceRequest } from './device-request.ts';

/** Enough for a few hundred rules; beyond it the probes thin out, while the exact comparison of maps still covers all. */
const PROBES_LIMIT = 20_000;

/** Gives requests at both ends of every span of a map, so on each number a rule names and on its neighbours, with every access mask. */
export function probes(map: DeviceMap): DeviceRequest[] {
  const requests: DeviceRequest[] = [];
  for (const type of ['b', 'c'] as const) {
    for (const majors of map[type]) {
      for (const major of new Set([majors.first, majors.last])) {
        for (const minors of majors.minors) {
          for (const minor of new Set([minors.first, minors.last])) {
            if (requests.length >= PROBES_LIMIT) return requests;
            for (const access of ACCESS_MASKS) requests.push({ type, major, minor, access });
          }
        }
      }
    }
  }
  return requests;
}
