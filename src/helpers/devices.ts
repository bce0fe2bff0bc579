import type { OciState } from '../core/oci/state.ts';
import { DEFAULT_RULES } from '../linux/bpf/default-rules.ts';
import type { DeviceMap } from '../linux/bpf/device-map.ts';
import { parseAccess } from '../linux/bpf/device-request.ts';
import { type Dialect, readRules } from '../linux/bpf/dialect.ts';
import { mapOfList } from '../linux/bpf/list-map.ts';
import { closeDeviceCgroups, openDeviceCgroups } from '../linux/device/device-cgroups.ts';
import { type FoundWishes, findWishes } from '../linux/device/find-wishes.ts';
import { readRuleList } from '../linux/device/rule-list.ts';
import { allowDevices, type DeviceReport, denyDevices, type SetDevicesOptions } from '../linux/device/set-devices.ts';
import { containerPid } from './container-pid.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';

/** What the keys of all annotations of this helper start with. */
const ANNOTATIONS = 'io.oci-hooks.devices.';

/** What the hook's arguments say; they are the administrator's and need no policy. */
export interface DevicesHelperFlags {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly access?: string;
  readonly require?: boolean;
  readonly policy?: string;
  /** Which runtime starts the container: its rules are worked out again where the kernel hides its program. */
  readonly runtime?: Dialect;
  readonly sandbox?: boolean;
  readonly dryRun?: boolean;
  readonly verifierLog?: boolean;
}

/**
 * Does `hooks helper devices`: gives a container that is being created the devices that the arguments name, or else
 * those that its annotations ask for and the policy grants; and takes others away.
 *
 * @throws {ConfigError} `POLICY_*` and the faults of a policy file
 * @throws {SystemError} `DEVICE_*`, `BPF_*`, `PROCESS_*`, `CGROUP_*`
 */
export async function setContainerDevices(state: OciState, flags: DevicesHelperFlags): Promise<DeviceReport> {
  const found = { allow: await wishesOf('allow', state, flags), deny: await wishesOf('deny', state, flags) };
  const missing = [...found.allow.missing, ...found.deny.missing];
  if (found.allow.wishes.length + found.deny.wishes.length === 0) return { deeds: [], warnings: missing };
  const cgroups = openDeviceCgroups({ pid: containerPid(state, flags.sandbox === true) });
  try {
    const { dryRun, verifierLog, runtime } = flags;
    const base = runtime === undefined ? undefined : runtimeMap(state, runtime);
    const options: SetDevicesOptions = { dryRun, verifierLog, base };
    const allowed = allowDevices(cgroups, found.allow.wishes, options);
    const denied = denyDevices(cgroups, found.deny.wishes, options);
    return {
      deeds: [...allowed.deeds, ...denied.deeds],
      warnings: [...missing, ...allowed.warnings, ...denied.warnings],
    };
  } finally {
    closeDeviceCgroups(cgroups);
  }
}

async function wishesOf(what: 'allow' | 'deny', state: OciState, flags: DevicesHelperFlags): Promise<FoundWishes> {
  const given = flags[what];
  const byDefault = what === 'allow' ? 'rw' : 'rwm';
  if (given !== undefined) return findWishes(given, parseAccess(flags.access ?? byDefault), flags.require === true);
  const annotation = state.annotations[ANNOTATIONS + what];
  if (annotation === undefined) return { wishes: [], missing: [] };
  // Read only when a container asks: the policy brings a YAML parser, which costs more than all else here.
  const { grantedDevices } = await import('./device-annotations.ts');
  const asked = { devices: annotation, access: state.annotations[`${ANNOTATIONS}access`] };
  return grantedDevices(what, asked, { policy: flags.policy, require: flags.require === true });
}

/** Works out what the runtime made of config.json; undefined when it holds no rules that the runtime would take. */
function runtimeMap(state: OciState, runtime: Dialect): DeviceMap | undefined {
  const json = memberOf(readBundleConfig(state), 'linux', 'resources', 'devices');
  const { rules, problems } = json === undefined ? { rules: [], problems: [] } : readRuleList(json);
  if (problems.length > 0) return undefined;
  const result = readRules([...rules, ...DEFAULT_RULES[runtime]], runtime);
  return 'list' in result ? mapOfList(result.list) : undefined;
}
