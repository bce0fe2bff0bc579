import { error } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import type { OciState } from '../core/oci/state.ts';
import type { Policy } from '../host/policy.ts';
import { problem } from '../linux/cgroup/problem.ts';
import { unifiedKeyProblem } from '../linux/cgroup/unified.ts';
import { parseProperty, type TextProperty } from '../linux/systemd/property-text.ts';
import { WishError } from './wish-error.ts';

/** More wishes than any container has. */
const LIMIT = 256;

/** What annotations ask of one helper, with what decides on them. */
interface Wishes {
  readonly entries: readonly (readonly [key: string, value: string])[];
  readonly policy: Policy | undefined;
  readonly path: string;
}

/**
 * Gives the files that annotations `io.oci-hooks.unified.FILE` ask for, each granted by the policy.
 *
 * @throws {WishError} for what makes no sense, {ConfigError} `POLICY_*` for what is not granted
 */
export async function grantedUnified(state: OciState, policyPath?: string): Promise<Readonly<Record<string, string>>> {
  const { entries, policy, path } = await wishesOf('unified', state, policyPath);
  const faults = entries.flatMap(([key]) => unifiedKeyProblem(key) ?? []);
  if (faults.length > 0) throw new WishError(faults);
  for (const [file, value] of entries) {
    const most = policy?.unified?.[file];
    if (most === 'any') continue;
    // Only a plain number can be compared: "max", and files of several values, need "any".
    const isNumber = /^\d{1,20}$/.test(value);
    if (most !== undefined && isNumber && BigInt(value) <= BigInt(most)) continue;
    throw refusal(path, `unified ${file} ${value}`, `unified: { ${file}: ${isNumber ? value : 'any'} }`);
  }
  return Object.fromEntries(entries);
}

/** Gives what `io.oci-hooks.memory-qos.request` (bytes) and `.factor` ask for; throws as `grantedUnified`. */
export async function grantedMemoryQos(
  state: OciState,
  policyPath?: string,
): Promise<{ readonly request?: bigint; readonly factorThousandths?: bigint }> {
  const { entries, policy, path } = await wishesOf('memory-qos', state, policyPath, ['request', 'factor']);
  const { request, factor } = Object.fromEntries(entries);
  if (request !== undefined && !/^\d{1,16}$/.test(request)) throw senseless('memory-qos.request', request, 'bytes');
  if (factor !== undefined && !/^(0(\.\d{1,3})?|1)$/.test(factor)) {
    throw senseless('memory-qos.factor', factor, 'a number from 0 to 1 with at most three decimals');
  }
  const most = policy?.['memory-qos']?.request;
  if (request !== undefined && (most === undefined || BigInt(request) > BigInt(most))) {
    throw refusal(path, `memory-qos request ${request}`, `memory-qos: { request: ${request} }`);
  }
  if (factor !== undefined && policy?.['memory-qos']?.factor !== true) {
    throw refusal(path, `memory-qos factor ${factor}`, 'memory-qos: { factor: true }');
  }
  return {
    ...(request !== undefined && { request: BigInt(request) }),
    ...(factor !== undefined && { factorThousandths: BigInt(Math.round(Number(factor) * 1000)) }),
  };
}

/** Gives what `io.oci-hooks.oom.group` and `.score` ask for; throws as `grantedUnified`. */
export async function grantedOom(
  state: OciState,
  policyPath?: string,
): Promise<{ readonly group?: '0' | '1'; readonly score?: number }> {
  const { entries, policy, path } = await wishesOf('oom', state, policyPath, ['group', 'score']);
  const { group, score } = Object.fromEntries(entries);
  if (group !== undefined && group !== '0' && group !== '1') throw senseless('oom.group', group, '0 or 1');
  const number = score === undefined ? undefined : Number(score);
  if (score !== undefined && !(/^-?\d{1,4}$/.test(score) && Math.abs(Number(score)) <= 1000)) {
    throw senseless('oom.score', score, 'a number from -1000 to 1000');
  }
  if (group !== undefined && policy?.oom?.group !== true)
    throw refusal(path, `oom group ${group}`, 'oom: { group: true }');
  const lowest = policy?.oom?.score;
  if (number !== undefined && (lowest === undefined || number < lowest)) {
    throw refusal(path, `oom score ${number}`, `oom: { score: ${number} }`);
  }
  return { ...(group !== undefined && { group }), ...(number !== undefined && { score: number }) };
}

/** Gives the properties that annotations `io.oci-hooks.systemd-props.NAME` ask for; throws as `grantedUnified`. */
export async function grantedProperties(state: OciState, policyPath?: string): Promise<readonly TextProperty[]> {
  const { entries, policy, path } = await wishesOf('systemd-props', state, policyPath);
  return entries.map(([name, text]) => {
    const property = parseProperty(name, text);
    if (property === undefined)
      throw senseless(`systemd-props.${name}`, text, "a value such as true, 'text' or uint64 5");
    if (policy?.['systemd-props']?.includes(name) === true) return property;
    throw refusal(path, `systemd-props ${name} ${text}`, `systemd-props: [${name}]`);
  });
}

/** Gives what `io.oci-hooks.sandbox-overhead.cgroup-only` and `.threads` ask for; throws as `grantedUnified`. */
export async function grantedOverhead(
  state: OciState,
  policyPath?: string,
): Promise<{ readonly cgroupOnly?: boolean; readonly threads?: 'process' | 'threaded' }> {
  const { entries, policy, path } = await wishesOf('sandbox-overhead', state, policyPath, ['cgroup-only', 'threads']);
  const { 'cgroup-only': cgroupOnly, threads } = Object.fromEntries(entries);
  if (cgroupOnly !== undefined && cgroupOnly !== 'true' && cgroupOnly !== 'false') {
    throw senseless('sandbox-overhead.cgroup-only', cgroupOnly, 'true or false');
  }
  if (threads !== undefined && threads !== 'process' && threads !== 'threaded') {
    throw senseless('sandbox-overhead.threads', threads, 'process or threaded');
  }
  const granted = policy?.['sandbox-overhead'];
  for (const [key, value] of entries) {
    if (granted?.[key === 'threads' ? 'threads' : 'cgroup-only'] === true) continue;
    throw refusal(path, `sandbox-overhead ${key} ${value}`, `sandbox-overhead: { ${key}: true }`);
  }
  return {
    ...(cgroupOnly !== undefined && { cgroupOnly: cgroupOnly === 'true' }),
    ...(threads !== undefined && { threads }),
  };
}

async function wishesOf(
  verb: string,
  state: OciState,
  given: string | undefined,
  known?: readonly string[],
): Promise<Wishes> {
  const prefix = `io.oci-hooks.${verb}.`;
  const entries = Object.entries(state.annotations)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), value] as const);
  if (entries.length === 0) return { entries, policy: undefined, path: given ?? '' };
  // Reading YAML takes longer than the rest of a hook: only who asks waits for it.
  const { loadPolicy, POLICY_PATH } = await import('../host/policy.ts');
  const path = given ?? POLICY_PATH;
  if (entries.length > LIMIT) throw refusal(path, `${entries.length} values`, `at most ${LIMIT} at once`);
  const strange = known === undefined ? undefined : entries.find(([key]) => !known.includes(key));
  if (strange !== undefined && known !== undefined) {
    const args = { known: known.map((key) => prefix + key).join(', ') };
    throw new WishError([problem('ANNOTATION_UNKNOWN', prefix + strange[0].slice(0, 128), args)]);
  }
  return { entries, policy: loadPolicy(path), path };
}

function senseless(key: string, value: string, expected: string): WishError {
  const shown = JSON.stringify(value.slice(0, 64));
  return new WishError([problem('FIELD_TEXT', `io.oci-hooks.${key}`, { value: shown, expected })]);
}

function refusal(path: string, wish: string, line: string): ConfigError {
  return new ConfigError([error('POLICY_REFUSED', { path }, { wish, line })]);
}
