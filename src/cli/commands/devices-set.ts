import { closeDeviceCgroups, openDeviceCgroups } from '../../linux/device/device-cgroups.ts';
import { parseDeviceQuery } from '../../linux/device/device-query.ts';
import { findWishes } from '../../linux/device/find-wishes.ts';
import { allowDevices, type DeviceReport, denyDevices } from '../../linux/device/set-devices.ts';
import { deedLine } from '../deed-line.ts';
import { accessOf, selectorOf } from '../device-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks devices allow` and `hooks devices deny`. */
export interface DevicesSetFlags {
  readonly pid?: string;
  readonly cgroup?: string;
  readonly access: string;
  readonly require?: boolean;
  readonly dryRun?: boolean;
  readonly verifierLog?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Does `hooks devices allow`: gives a running container devices. */
export async function devicesAllow(devices: readonly string[], flags: DevicesSetFlags): Promise<ExitStatus> {
  return setDevices(devices, flags, allowDevices);
}

/** Does `hooks devices deny`: takes devices away from a running container. */
export async function devicesDeny(devices: readonly string[], flags: DevicesSetFlags): Promise<ExitStatus> {
  return setDevices(devices, flags, denyDevices);
}

function setDevices(
  devices: readonly string[],
  flags: DevicesSetFlags,
  set: typeof allowDevices | typeof denyDevices,
): ExitStatus {
  const selector = selectorOf(flags.pid, flags.cgroup);
  for (const text of devices) {
    const query = parseDeviceQuery(text);
    if ('reason' in query) throw new UsageError(`${text} names no device: ${query.reason}`);
  }
  const { wishes, missing } = findWishes(devices, accessOf(flags.access), flags.require === true);
  const cgroups = openDeviceCgroups(selector);
  let report: DeviceReport;
  try {
    const { dryRun, verifierLog } = flags;
    report = set(cgroups, wishes, { dryRun, verifierLog });
  } finally {
    closeDeviceCgroups(cgroups);
  }
  const all = [...missing, ...report.warnings];
  if (flags.json) writeJson({ deeds: report.deeds, warnings: all });
  else writeResult(report.deeds.map((deed) => `${deedLine(deed)}\n`).join(''));
  if (!flags.quiet) for (const warning of all) writeNote(`hooks: warning: ${warning}`);
  return EXIT.done;
}
