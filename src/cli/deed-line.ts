import type { DeviceDeed } from '../linux/device/set-devices.ts';

/** Gives one step of a device change as a line for people. */
export function deedLine(deed: DeviceDeed): string {
  switch (deed.do) {
    case 'unit':
      return `unit ${deed.unit} DeviceAllow ${deed.deviceAllow.map((pair) => pair.join(' ')).join(', ')}`;
    case 'widen':
    case 'restrict':
      return `${deed.do} ${deed.cgroup} ${deed.devices.join(', ')}${deed.how === undefined ? '' : `: ${deed.how}`}`;
    case 'write':
      return `write ${deed.path} ${deed.value}`;
    default:
      return deed satisfies never;
  }
}
