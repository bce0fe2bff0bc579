import { error } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { fitsAny, loadPolicy, POLICY_PATH, type Policy } from '../host/policy.ts';
import { parseAccess } from '../linux/bpf/device-request.ts';
import { type FoundWishes, findWishes } from '../linux/device/find-wishes.ts';

/** More wishes than any container has; an annotation must not make us search for ever. */
const WISHES_LIMIT = 256;

/** What a container's annotations ask for. */
export interface DeviceAnnotations {
  /** The value of `io.oci-hooks.devices.allow` or `.deny`: devices between white space or commas. */
  readonly devices: string;
  /** The value of `io.oci-hooks.devices.access`. */
  readonly access: string | undefined;
}

/**
 * Finds the devices that annotations ask for, when the policy grants all of them.
 *
 * @throws {ConfigError} `POLICY_REFUSED`, and the faults of the policy file
 * @throws {SystemError} `DEVICE_*`
 */
export function grantedDevices(
  what: 'allow' | 'deny',
  asked: DeviceAnnotations,
  options: { readonly policy?: string | undefined; readonly require: boolean },
): FoundWishes {
  const path = options.policy ?? POLICY_PATH;
  const policy = loadPolicy(path);
  const texts = asked.devices.split(/[\s,]+/).filter((text) => text !== '');
  if (texts.length > WISHES_LIMIT) throw refusal(path, `${texts.length} devices`, `at most ${WISHES_LIMIT} at once`);
  const access = what === 'allow' ? accessOf(asked.access ?? 'rw', policy, path) : parseAccess('rwm');
  const globs = policy?.devices?.[what] ?? [];
  // Whoever may ask for nothing learns nothing of this machine's files either.
  if (globs.length === 0)
    throw refusal(path, texts.join(' '), `devices: { ${what}: [${JSON.stringify(texts[0] ?? '')}] }`);
  const outside = texts.find((text) => text.startsWith('/') && !text.startsWith('/dev/'));
  if (outside !== undefined) throw refusal(path, outside, 'only nodes below /dev can be granted');
  const found = findWishes(texts, access, options.require);
  const refused = found.wishes.find(({ name }) => !fitsAny(globs, name));
  if (refused !== undefined) throw refusal(path, refused.name, `devices: { ${what}: ["${refused.name}"] }`);
  return found;
}

function accessOf(letters: string, policy: Policy | undefined, path: string): number {
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
