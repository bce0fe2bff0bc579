import { error } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import type { OciState } from '../core/oci/state.ts';
import { fitsAny, loadPolicy, POLICY_PATH, type Policy } from '../host/policy.ts';
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

const PREFIX = 'io.oci-hooks.devices.';

/** More wishes than any container has; an annotation must not make us search for ever. */
const WISHES_LIMIT = 256;

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
export function setContainerDevices(state: OciState, flags: DevicesHelperFlags): DeviceReport {
  const found = { allow: wishesOf('allow', state, flags), deny: wishesOf('deny', state, flags) };
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

function wishesOf(what: 'allow' | 'deny', state: OciState, flags: DevicesHelperFlags): FoundWishes {
  const given = flags[what];
  const byDefault = what === 'allow' ? 'rw' : 'rwm';
  if (given !== undefined) return findWishes(given, parseAccess(flags.access ?? byDefault), flags.require === true);
  const annotation = state.annotations[PREFIX + what];
  if (annotation === undefined) return { wishes: [], missing: [] };
  const path = flags.policy ?? POLICY_PATH;
  const policy = loadPolicy(path);
  const texts = annotation.split(/[\s,]+/).filter((text) => text !== '');
  if (texts.length > WISHES_LIMIT) throw refusal(path, `${texts.length} devices`, `at most ${WISHES_LIMIT} at once`);
  const access = what === 'allow' ? accessOf(state, policy, path) : parseAccess(byDefault);
  const globs = policy?.devices?.[what] ?? [];
  // Whoever may ask for nothing learns nothing of this machine's files either.
  if (globs.length === 0)
    throw refusal(path, texts.join(' '), `devices: { ${what}: [${JSON.stringify(texts[0] ?? '')}] }`);
  const outside = texts.find((text) => text.startsWith('/') && !text.startsWith('/dev/'));
  if (outside !== undefined) throw refusal(path, outside, 'only nodes below /dev can be granted');
  const found = findWishes(texts, access, flags.require === true);
  const refused = found.wishes.find(({ name }) => !fitsAny(globs, name));
  if (refused !== undefined) throw refusal(path, refused.name, `devices: { ${what}: ["${refused.name}"] }`);
  return found;
}

function accessOf(state: OciState, policy: Policy | undefined, path: string): number {
  const letters = state.annotations[`${PREFIX}access`] ?? 'rw';
  const most = policy?.devices?.access ?? 'rw';
  const isPlain = /^[rwm]{1,3}$/.test(letters);
  if (!isPlain || [...letters].some((letter) => !most.includes(letter))) {
    throw refusal(path, `access ${letters}`, `devices: { access: ${isPlain ? letters : 'rwm'} }`);
  }
  return parseAccess(letters);
}

function refusal(path: string, wish: string, line: string): ConfigError {
  return new ConfigError([error('POLICY_REFUSED', { path }, { wish, line })]);
}

/** Works out what the runtime made of config.json; undefined when it holds no rules that the runtime would take. */
function runtimeMap(state: OciState, runtime: Dialect): DeviceMap | undefined {
  const json = memberOf(readBundleConfig(state), 'linux', 'resources', 'devices');
  const { rules, problems } = json === undefined ? { rules: [], problems: [] } : readRuleList(json);
  if (problems.length > 0) return undefined;
  const result = readRules([...rules, ...DEFAULT_RULES[runtime]], runtime);
  return 'list' in result ? mapOfList(result.list) : undefined;
}
