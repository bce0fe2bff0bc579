import { SystemError } from '../../core/diagnostic/system-error.ts';
import { BYTE_ORDER } from '../bpf/bpf-call.ts';
import {
  attachedPrograms,
  readPrograms,
  restrictCgroup,
  type WideningWay,
  widenCgroup,
} from '../bpf/cgroup-programs.ts';
import { type DeviceGrant, mapOfDenials, mapOfGrants } from '../bpf/device-grant.ts';
import { combineMaps, type DeviceMap, sameMap } from '../bpf/device-map.ts';
import { renderAccess } from '../bpf/device-request.ts';
import { liftProgram } from '../bpf/lift.ts';
import { assertSameProcess } from '../cgroup/container-process.ts';
import { errnoReason } from '../cgroup/errno-reason.ts';
import type { OpenCgroup } from '../cgroup/open-cgroup.ts';
import { type CallSystemd, callThroughBusctl } from '../systemd/busctl.ts';
import { allowUnitDevices, type DeviceAllow, planUnitDevices } from '../systemd/device-allow.ts';
import type { DeviceCgroups } from './device-cgroups.ts';
import type { FoundDevice } from './find-devices.ts';

/** A device with the access that is granted or denied. */
export interface DeviceWish extends FoundDevice {
  /** A sum of `ACCESS` bits. */
  readonly access: number;
}

/** One step, in the order they are done. `how` is there once it was done. */
export type DeviceDeed =
  | { readonly do: 'unit'; readonly unit: string; readonly deviceAllow: readonly DeviceAllow[] }
  | { readonly do: 'widen'; readonly cgroup: string; readonly devices: readonly string[]; readonly how?: WideningWay }
  | {
      readonly do: 'restrict';
      readonly cgroup: string;
      readonly devices: readonly string[];
      readonly how?: 'unchanged' | 'added' | 'folded';
    }
  | { readonly do: 'write'; readonly path: string; readonly value: string };

/** What is done, or would be. */
export interface DeviceReport {
  readonly deeds: readonly DeviceDeed[];
  readonly warnings: readonly string[];
}

/** How devices are allowed or denied. */
export interface SetDevicesOptions {
  readonly dryRun?: boolean | undefined;
  readonly verifierLog?: boolean | undefined;
  /** What the runtime allowed, for a program that the kernel does not give back. */
  readonly base?: DeviceMap | undefined;
  readonly call?: CallSystemd;
}

/**
 * Gives a container devices: first systemd is told, then the v2 programs of its own cgroup are widened, then v1's list
 * is written; each only where it limits the container. What a cgroup above denies cannot be given from here, and is an
 * error rather than a silent half.
 *
 * @throws {SystemError} `BPF_*`, `DEVICE_*`, `SYSTEMD_CALL`, `PROCESS_REUSED`
 */
export function allowDevices(
  cgroups: DeviceCgroups,
  wishes: readonly DeviceWish[],
  options: SetDevicesOptions = {},
): DeviceReport {
  const { dryRun = false, verifierLog = false, base, call = callThroughBusctl } = options;
  const deeds: DeviceDeed[] = [];
  const warnings: string[] = [];
  const { unified, v1, process } = cgroups;
  const path = (unified ?? v1)?.place.path ?? '/';
  const unit = wishes.length === 0 ? undefined : planUnitDevices(path, wishes, call);
  if (unit !== undefined) {
    warnings.push(...unit.lost);
    deeds.push({ do: 'unit', unit: unit.unit.unit, deviceAllow: unit.allow });
    if (!dryRun) allowUnitDevices(unit, call);
  }
  if (unified !== undefined && wishes.length > 0) {
    const devices = wishes.map(describe);
    const extra = mapOfGrants(wishes);
    for (const level of ownLevels(unified)) {
      if (process !== undefined) assertSameProcess(process);
      const deed: DeviceDeed = { do: 'widen', cgroup: level.directory, devices };
      deeds.push(dryRun ? deed : { ...deed, how: widenCgroup(level, extra, { base, verifierLog }) });
      if (level !== unified) level.close();
    }
    if (!dryRun) warnings.push(...checkAncestors(unified, wishes));
  }
  deeds.push(...writeV1(cgroups, 'devices.allow', wishes, dryRun));
  return { deeds, warnings };
}

/**
 * Takes devices away from a container: one more v2 program on its own cgroup, and v1's list.
 *
 * @throws {SystemError} `BPF_*`, `DEVICE_*`, `PROCESS_REUSED`
 */
export function denyDevices(
  cgroups: DeviceCgroups,
  wishes: readonly DeviceWish[],
  { dryRun = false, verifierLog = false }: SetDevicesOptions = {},
): DeviceReport {
  const deeds: DeviceDeed[] = [];
  const { unified, process } = cgroups;
  if (unified !== undefined && wishes.length > 0) {
    if (process !== undefined) assertSameProcess(process);
    const deed: DeviceDeed = { do: 'restrict', cgroup: unified.directory, devices: wishes.map(describe) };
    deeds.push(dryRun ? deed : { ...deed, how: restrictCgroup(unified, mapOfDenials(wishes), { verifierLog }) });
  }
  deeds.push(...writeV1(cgroups, 'devices.deny', wishes, dryRun));
  return { deeds, warnings: [] };
}

/** Gives a wish as people read it: `c 10:229 rw (/dev/fuse)`. */
export function describe({ type, major, minor, access, name }: DeviceWish): string {
  const number = (value: number): string => (value < 0 ? '*' : String(value));
  return `${type} ${number(major)}:${number(minor)} ${renderAccess(access)} (${name})`;
}

/**
 * Gives the cgroups that are the container's own: the process's, and where it has no program, its parent when that is
 * the scope which crun put the process below (`SCOPE/container`). A slice or a pod's cgroup holds others too.
 */
function ownLevels(cgroup: OpenCgroup): OpenCgroup[] {
  if (attachedPrograms(cgroup).ids.length > 0) return [cgroup];
  if (!/\.scope\/[^/]+$/.test(cgroup.place.path)) return [cgroup];
  const parent = cgroup.openParent();
  return parent === undefined ? [cgroup] : [cgroup, parent];
}

/** Looks at the programs above; one that denies a granted device is an error, one that cannot be read a warning. */
function checkAncestors(cgroup: OpenCgroup, grants: readonly (DeviceGrant & DeviceWish)[]): string[] {
  const warnings: string[] = [];
  let level = cgroup.openParent();
  while (level !== undefined) {
    const parent = level.openParent();
    try {
      const ids = parent === undefined ? [] : attachedPrograms(level).ids;
      for (const program of readPrograms(ids)) {
        const code = 'errno' in program ? undefined : program.instructions;
        const map = code === undefined ? undefined : liftProgram(code, BYTE_ORDER);
        if (map === undefined) {
          warnings.push(
            `the device program ${program.id} of ${level.directory} cannot be read; it may deny the devices`,
          );
          continue;
        }
        const denied = grants.find(
          (grant) =>
            !sameMap(
              combineMaps(map, mapOfGrants([grant]), (a, b) => a | b),
              map,
            ),
        );
        if (denied === undefined) continue;
        const args = { cgroup: cgroup.directory, ancestor: level.directory, device: describe(denied) };
        throw new SystemError('DEVICE_DENIED_ABOVE', args);
      }
    } catch (error) {
      parent?.close();
      throw error;
    } finally {
      level.close();
    }
    level = parent;
  }
  return warnings;
}

function writeV1(
  { v1, process }: DeviceCgroups,
  file: 'devices.allow' | 'devices.deny',
  wishes: readonly DeviceWish[],
  dryRun: boolean,
): DeviceDeed[] {
  if (v1 === undefined) return [];
  return wishes.map(({ type, major, minor, access }): DeviceDeed => {
    const number = (value: number): string => (value < 0 ? '*' : String(value));
    const value = `${type} ${number(major)}:${number(minor)} ${renderAccess(access)}`;
    const path = `${v1.directory}/${file}`;
    if (!dryRun) {
      if (process !== undefined) assertSameProcess(process);
      try {
        v1.write(file, value);
      } catch (error) {
        throw new SystemError('DEVICE_V1', { path, value, reason: errnoReason(error) }, { cause: error });
      }
    }
    return { do: 'write', path, value };
  });
}
