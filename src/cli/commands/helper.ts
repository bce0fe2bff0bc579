import { ConfigError } from '../../core/diagnostic/input-error.ts';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { ExactJson } from '../../core/oci/exact-json.ts';
import type { OciState } from '../../core/oci/state.ts';
import { type DelegateFlags, delegateCgroup } from '../../helpers/delegate.ts';
import { readState } from '../../helpers/helper-input.ts';
import { applyMemoryQos } from '../../helpers/memory-qos.ts';
import { applyOom } from '../../helpers/oom.ts';
import { type PsiFlags, watchContainerPressure } from '../../helpers/psi.ts';
import { type WatchFlags, watchPressure } from '../../helpers/psi-watch.ts';
import { type HelperFlags, type HelperReport, isSystemRefusal, NOTHING_TO_DO } from '../../helpers/resource-deed.ts';
import { applyContainerResources } from '../../helpers/resources.ts';
import { applySystemdProperties } from '../../helpers/systemd-props.ts';
import { applyUnified } from '../../helpers/unified.ts';
import { WishError } from '../../helpers/wish-error.ts';
import type { QosClass } from '../../linux/cgroup/kubernetes.ts';
import { type PressureResource, parsePressureTrigger } from '../../linux/cgroup/pressure-trigger.ts';
import { parseProperty, type TextProperty } from '../../linux/systemd/property-text.ts';
import { type ResourceFlags, readResourceFlags } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeNote } from '../output.ts';

/** Flags that every helper has. */
export interface CommonFlags extends Omit<HelperFlags, 'cgroupPath'> {
  readonly path?: string;
  readonly bestEffort?: boolean;
  readonly strict?: boolean;
}

/** Does `hooks helper resources`. */
export async function helperResources(flags: CommonFlags & ResourceFlags): Promise<ExitStatus> {
  let given: { readonly resources?: ExactJson } & object = {};
  if (flags.resources !== undefined || flags.unified !== undefined) {
    const { json, options, problems } = readResourceFlags(flags);
    if (problems.length > 0) return refuse(new WishError(problems));
    given = { ...options, ...(flags.resources !== undefined && { resources: json }) };
  }
  const { dialect, weightFormula, bfq, swappiness0, oomKillerDisabled, reservation } = flags;
  const options = { dialect, weightFormula, bfq, swappiness0, oomKillerDisabled, reservation };
  return run('resources', flags, 'strict', (state) =>
    applyContainerResources(state, { ...options, ...given, ...common(flags) }),
  );
}

/** Does `hooks helper unified`. */
export async function helperUnified(flags: CommonFlags & { readonly set?: readonly string[] }): Promise<ExitStatus> {
  const set = Object.fromEntries((flags.set ?? []).map((text) => pairOf('--set', text)));
  return run('unified', flags, 'strict', (state) => applyUnified(state, { set, ...common(flags) }));
}

/** Does `hooks helper memory-qos`. */
export async function helperMemoryQos(
  flags: CommonFlags &
    QosFlags & {
      readonly factor?: string;
      readonly protection: 'min' | 'tiered' | 'none';
      readonly allocatable?: string;
    },
): Promise<ExitStatus> {
  const { factor, protection } = flags;
  if (factor !== undefined && !/^(0(\.\d{1,3})?|1(\.0{1,3})?)$/.test(factor)) {
    throw new UsageError(`--factor wants a number from 0 to 1 with at most three decimals, not ${factor}`);
  }
  const wish = {
    ...qosOf(flags),
    protection,
    ...(factor !== undefined && { factorThousandths: BigInt(Math.round(Number(factor) * 1000)) }),
    ...bytesOf('allocatable', flags.allocatable),
  };
  return run('memory-qos', flags, 'best-effort', (state) => applyMemoryQos(state, { ...wish, ...common(flags) }));
}

/** Does `hooks helper oom`. */
export async function helperOom(
  flags: CommonFlags & QosFlags & { readonly group?: '0' | '1'; readonly score?: string },
): Promise<ExitStatus> {
  const { group, score } = flags;
  const isScore =
    score === undefined || score === 'qos' || (/^-?\d{1,4}$/.test(score) && Math.abs(Number(score)) <= 1000);
  if (!isScore) throw new UsageError(`--score wants -1000 to 1000, or qos, not ${score}`);
  const wish = {
    ...qosOf(flags),
    ...(group !== undefined && { group }),
    ...(score !== undefined && { score: score === 'qos' ? ('qos' as const) : Number(score) }),
  };
  return run('oom', flags, 'strict', (state) => applyOom(state, { ...wish, ...common(flags) }));
}

/** Does `hooks helper systemd-props`. */
export async function helperSystemdProps(
  flags: CommonFlags & { readonly property?: readonly string[] },
): Promise<ExitStatus> {
  const properties = (flags.property ?? []).map((text): TextProperty => {
    const [name, value] = pairOf('--property', text);
    const property = parseProperty(name, value);
    if (property !== undefined) return property;
    throw new UsageError(
      `--property wants NAME=VALUE with a value such as true, 'text', ['a'] or uint64 5, not ${text}`,
    );
  });
  return run('systemd-props', flags, 'strict', (state) =>
    applySystemdProperties(state, { properties, ...common(flags) }),
  );
}

/** Does `hooks helper delegate`. */
export async function helperDelegate(
  flags: CommonFlags & {
    readonly uid: string;
    readonly gid?: string;
    readonly controllers?: string;
    readonly leaf?: string;
  },
): Promise<ExitStatus> {
  const number = (flag: string, text: string): number => {
    if (!/^\d{1,10}$/.test(text)) throw new UsageError(`--${flag} wants a number, not ${text}`);
    return Number(text);
  };
  const controllers = (flags.controllers ?? '').split(',').filter((name) => name !== '');
  const odd = controllers.find((name) => !/^[a-z_]+$/.test(name));
  if (odd !== undefined) throw new UsageError(`--controllers wants names such as cpu,memory, not ${odd}`);
  if (flags.leaf !== undefined && !/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/.test(flags.leaf)) {
    throw new UsageError(`--leaf wants the name of a directory, not ${flags.leaf}`);
  }
  const wish: Omit<DelegateFlags, keyof HelperFlags> = {
    uid: number('uid', flags.uid),
    gid: number('gid', flags.gid ?? flags.uid),
    controllers,
    leaf: flags.leaf,
  };
  return run('delegate', flags, 'strict', (state) => delegateCgroup(state, { ...wish, ...common(flags) }), 'at-stop');
}

/** Does `hooks helper psi`. */
export async function helperPsi(
  command: string,
  args: readonly string[],
  flags: CommonFlags & {
    readonly resource: PressureResource;
    readonly trigger: string;
    readonly commandTimeout: string;
    readonly log?: string;
  },
): Promise<ExitStatus> {
  const { resource, log } = flags;
  const trigger = parsePressureTrigger(flags.trigger);
  if (trigger === undefined) {
    throw new UsageError(
      `--trigger wants "some|full STALL WINDOW" in microseconds, the window 500000 to 10000000, not ${flags.trigger}`,
    );
  }
  if (log !== undefined && !log.startsWith('/')) throw new UsageError(`--log wants an absolute path, not ${log}`);
  if (flags.cgroupRoot !== undefined)
    throw new UsageError('a plain directory knows no pressure: leave --cgroup-root out');
  const wish: Omit<PsiFlags, keyof HelperFlags> = {
    resource,
    trigger,
    ...watchOf(command, args, flags.commandTimeout),
  };
  return run(
    'psi',
    flags,
    'best-effort',
    (state) => watchContainerPressure(state, { ...wish, ...(log !== undefined && { log }), ...common(flags) }),
    'at-stop',
  );
}

/** Does `hooks helper psi-watch`, what `psi` starts. */
export async function helperPsiWatch(
  command: string,
  args: readonly string[],
  flags: { readonly commandTimeout: string },
): Promise<ExitStatus> {
  watchPressure(watchOf(command, args, flags.commandTimeout));
  return EXIT.done;
}

function watchOf(command: string, args: readonly string[], timeout: string): WatchFlags {
  if (!command.startsWith('/')) throw new UsageError(`the command wants its whole path, not ${command}`);
  if (!/^[1-9]\d{0,4}$/.test(timeout))
    throw new UsageError(`--command-timeout wants 1 to 99999 seconds, not ${timeout}`);
  return { command: [command, ...args], commandTimeoutSeconds: Number(timeout) };
}

interface QosFlags {
  readonly qos?: QosClass;
  readonly request?: string;
  readonly limit?: string;
}

/**
 * Runs a helper on the state of standard input. A hook has two answers: 0, or 1 and the container is not created; what is
 * best effort says on standard error what it could not do.
 */
export async function run(
  verb: string,
  flags: CommonFlags,
  byDefault: 'strict' | 'best-effort',
  act: (state: OciState) => HelperReport | Promise<HelperReport>,
  atStop?: 'at-stop',
): Promise<ExitStatus> {
  try {
    const state = readState();
    // At poststop the runtime removes the cgroup itself.
    const report = state.status === 'stopped' && atStop === undefined ? NOTHING_TO_DO : await act(state);
    if (flags.json) {
      const { cgroup, deeds, ignored, warnings } = report;
      writeJson({ verb, cgroup: cgroup ?? null, dryRun: flags.dryRun === true, deeds, ignored, warnings });
    } else if (flags.dryRun) for (const deed of report.deeds) writeNote(`hooks ${verb}: would ${deed.join(' ')}`);
    if (!flags.quiet) for (const warning of report.warnings) writeNote(`hooks ${verb}: ${warning}`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof ConfigError) {
      writeDiagnostics(error.diagnostics, { warnings: 'none' });
      return EXIT.no;
    }
    if (!(error instanceof WishError) && !(error instanceof SystemError)) throw error;
    const isTolerated = flags.bestEffort === true || (byDefault === 'best-effort' && flags.strict !== true);
    if (!isTolerated || !isSystemRefusal(error)) return refuse(error);
    writeNote(`hooks ${verb}: not done, and the container starts without it: ${error.message}`);
    return EXIT.done;
  }
}

function refuse(error: WishError | SystemError): ExitStatus {
  const codes = error instanceof WishError ? error.problems.map(({ code }) => code).join(',') : error.code;
  writeNote(`hooks: error ${codes}: ${error.message}`);
  return EXIT.no;
}

/** Gives the common flags as a helper takes them. */
export function common({ dryRun, json, quiet, sandbox, policy, cgroupRoot, path }: CommonFlags): HelperFlags {
  if ((cgroupRoot === undefined) !== (path === undefined)) throw new UsageError('--cgroup-root and --path go together');
  if (path !== undefined && (!/^(\/[^/]+)+$/.test(path) || path.split('/').includes('..'))) {
    throw new UsageError('--path counts from the root of the hierarchy and has no ".."');
  }
  return {
    ...(dryRun !== undefined && { dryRun }),
    ...(json !== undefined && { json }),
    ...(quiet !== undefined && { quiet }),
    ...(sandbox !== undefined && { sandbox }),
    ...(policy !== undefined && { policy }),
    ...(cgroupRoot !== undefined && { cgroupRoot }),
    ...(path !== undefined && { cgroupPath: path }),
  };
}

function qosOf({ qos, request, limit }: QosFlags) {
  return { ...(qos !== undefined && { qos }), ...bytesOf('request', request), ...bytesOf('limit', limit) };
}

const UNIT: Readonly<Record<string, bigint>> = { '': 1n, Ki: 2n ** 10n, Mi: 2n ** 20n, Gi: 2n ** 30n, Ti: 2n ** 40n };

function bytesOf<K extends string>(flag: K, text: string | undefined): { readonly [P in K]?: bigint } {
  if (text === undefined) return {};
  const match = /^(\d{1,16})(Ki|Mi|Gi|Ti)?$/.exec(text);
  if (match === null) throw new UsageError(`--${flag} wants bytes such as 134217728 or 128Mi, not ${text}`);
  // The key is the flag's own name, which the type says and the compiler cannot see.
  return { [flag]: BigInt(match[1] ?? 0) * (UNIT[match[2] ?? ''] ?? 1n) } as { [P in K]: bigint };
}

function pairOf(flag: string, text: string): readonly [string, string] {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new UsageError(`${flag} wants NAME=VALUE, not ${text}`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}
