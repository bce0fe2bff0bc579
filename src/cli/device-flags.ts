import { SystemError } from '../core/diagnostic/system-error.ts';
import { parseAccess } from '../linux/bpf/device-request.ts';
import type { DeviceCgroupSelector } from '../linux/device/device-cgroups.ts';
import { parseDeviceQuery } from '../linux/device/device-query.ts';
import { findDevices } from '../linux/device/find-devices.ts';
import type { DeviceWish } from '../linux/device/set-devices.ts';
import { UsageError } from './exit-status.ts';

/** Reads `--pid N` or `--cgroup PATH`: one of the two. */
export function selectorOf(pid: string | undefined, cgroup: string | undefined): DeviceCgroupSelector {
  if ((pid === undefined) === (cgroup === undefined)) {
    throw new UsageError('give --pid N or --cgroup PATH, one of the two');
  }
  if (pid !== undefined) {
    if (!/^[1-9]\d{0,9}$/.test(pid)) throw new UsageError(`--pid wants a number, not ${pid}`);
    return { pid: Number(pid) };
  }
  const parts = (cgroup ?? '').split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new UsageError('--cgroup counts from the root of the hierarchy and has no ".."');
  return { path: `/${parts.join('/')}` };
}

/** Reads `--access`: r, w and m, each at most once. */
export function accessOf(letters: string): number {
  if (!/^[rwm]{1,3}$/.test(letters) || new Set(letters).size !== letters.length) {
    throw new UsageError(`--access wants some of r, w and m, not ${letters}`);
  }
  return parseAccess(letters);
}

/**
 * Finds the devices of the arguments.
 *
 * @param require - a glob that fits nothing is an error, not a warning
 * @throws {UsageError} for a text that names no device
 * @throws {SystemError} `DEVICE_MISSING`, `DEVICE_UNKNOWN`
 */
export function wishesOf(
  texts: readonly string[],
  access: number,
  require: boolean,
): { readonly wishes: DeviceWish[]; readonly warnings: string[] } {
  const found = texts.map((text) => {
    const query = parseDeviceQuery(text);
    if ('reason' in query) throw new UsageError(`${text} names no device: ${query.reason}`);
    const { devices, missing } = findDevices(query);
    if (require && missing.length > 0) throw new SystemError('DEVICE_MISSING', { path: text, reason: 'none fits' });
    return { devices, missing };
  });
  const wishes = new Map<string, DeviceWish>();
  for (const { devices } of found) {
    for (const device of devices) {
      const { type, major, minor } = device;
      wishes.set(`${type} ${major}:${minor}`, { ...device, access });
    }
  }
  return { wishes: [...wishes.values()], warnings: found.flatMap(({ missing }) => missing) };
}
