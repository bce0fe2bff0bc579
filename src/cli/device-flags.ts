import { parseAccess } from '../linux/bpf/device-request.ts';
import type { DeviceCgroupSelector } from '../linux/device/device-cgroups.ts';
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
