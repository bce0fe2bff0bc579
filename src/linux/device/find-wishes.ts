import { SystemError } from '../../core/diagnostic/system-error.ts';
import { parseDeviceQuery } from './device-query.ts';
import { findDevices } from './find-devices.ts';
import type { DeviceWish } from './set-devices.ts';

/** The devices that texts name, each once, and why a glob found none. */
export interface FoundWishes {
  readonly wishes: readonly DeviceWish[];
  readonly missing: readonly string[];
}

/**
 * Finds the devices that texts name.
 *
 * @param access - a sum of `ACCESS` bits, the same for all
 * @param require - a glob that fits nothing is an error and not listed as missing
 * @throws {SystemError} `DEVICE_QUERY`, `DEVICE_MISSING`, `DEVICE_UNKNOWN`
 */
export function findWishes(texts: readonly string[], access: number, require: boolean): FoundWishes {
  const wishes = new Map<string, DeviceWish>();
  const missing: string[] = [];
  for (const text of texts) {
    const query = parseDeviceQuery(text);
    if ('reason' in query) throw new SystemError('DEVICE_QUERY', { text, reason: query.reason });
    const found = findDevices(query);
    if (require && found.missing.length > 0)
      throw new SystemError('DEVICE_MISSING', { path: text, reason: 'none fits' });
    missing.push(...found.missing);
    for (const device of found.devices) {
      wishes.set(`${device.type} ${device.major}:${device.minor}`, { ...device, access });
    }
  }
  return { wishes: [...wishes.values()], missing };
}
