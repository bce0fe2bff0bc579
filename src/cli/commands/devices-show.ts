import { renderRule } from '../../linux/bpf/device-rule.ts';
import { closeDeviceCgroups, openDeviceCgroups } from '../../linux/device/device-cgroups.ts';
import { type ShownCgroup, showDevices } from '../../linux/device/show-devices.ts';
import { selectorOf } from '../device-flags.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeJson, writeResult } from '../output.ts';

/** Flags of `hooks devices show`. */
export interface DevicesShowFlags {
  readonly pid?: string;
  readonly cgroup?: string;
  readonly json?: boolean;
}

/** Does `hooks devices show`: decodes what is in force for a container. */
export async function devicesShow({ pid, cgroup, json }: DevicesShowFlags): Promise<ExitStatus> {
  const opened = openDeviceCgroups(selectorOf(pid, cgroup));
  let cgroups: ShownCgroup[];
  try {
    cgroups = showDevices(opened);
  } finally {
    closeDeviceCgroups(opened);
  }
  if (json) writeJson({ cgroups });
  else writeResult(cgroups.map(table).join('\n'));
  return EXIT.done;
}

function table({ path, version, programs }: ShownCgroup): string {
  const head = `${path} (cgroup v${version})`;
  if (programs.length === 0) return `${head}: no program, every device is allowed\n`;
  const blocks = programs.map(({ id, from, default: fallback, rules, unreadable }) => {
    const name = version === 1 ? 'devices.list' : `program ${id} by ${from}`;
    if (unreadable !== undefined) return `  ${name}: cannot be decoded: ${unreadable}\n`;
    const lines = rules.map((rule) => `    ${rule.allow ? 'allow' : 'deny '} ${renderRule(rule)}\n`);
    return `  ${name}: ${fallback} by default\n${lines.join('')}`;
  });
  return `${head}\n${blocks.join('')}`;
}
