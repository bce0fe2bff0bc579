import { readYaml } from '../../core/definition/yaml.ts';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { type ExactJson, isExactObject } from '../../core/oci/exact-json.ts';
import { readBoundedFile } from '../../host/file.ts';
import { decodeUtf8 } from '../../host/utf8.ts';
import { reasonOf } from '../../host/write-file.ts';
import { errorDocuments } from '../../linux/cgroup/plan-document.ts';
import {
  judgeOverhead,
  type MachineSizes,
  type OverheadVerdict,
  type PodSizes,
  readPodOverhead,
  sumOfLimits,
} from '../../linux/cgroup/pod-overhead.ts';
import { type CgroupProblem, problem } from '../../linux/cgroup/problem.ts';
import { parseQuantity } from '../../linux/cgroup/quantity.ts';
import { writeFindings } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { readJsonInput } from '../json-input.ts';
import { writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';

/** Flags of `hooks cgroup overhead`. */
export interface CgroupOverheadFlags {
  readonly podOverhead: string;
  readonly cgroupOnly?: 'true' | 'false';
  readonly guestMemory?: string;
  readonly guestCpus?: string;
  readonly monitorMemory: string;
  readonly helpersMemory: string;
  readonly cgroup: '1' | '2';
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Kata's own defaults, where neither flag nor annotation says otherwise. */
const KATA_MEMORY = 2048n << 20n;
const KATA_CPUS = 1n;

/** More than any manifest; bounds what a mistaken path may cost. */
const FILE_LIMIT = 256 << 10;

/** Does `hooks cgroup overhead`: exit 0 when the setting asked about fits, or either one where none is asked about. */
export async function cgroupOverhead(configs: readonly string[], flags: CgroupOverheadFlags): Promise<ExitStatus> {
  const problems: CgroupProblem[] = [];
  const read = configs.map((path): Input => ({ path, json: readConfig(path, problems) }));
  // A kubelet adds up the containers alone; what Kata is told stands in the pause container's annotations too.
  const passed = read.filter(({ json }) => isSandbox(json));
  const inputs = read.filter((input) => !passed.includes(input));
  const machine = machineOf(flags, read, problems);
  const containers = inputs.map(({ path, json }) => limitsOf(path, json, problems));
  if (inputs.length === 0) {
    problems.push(
      problem('FIELD_TYPE', passed[0]?.path ?? 'config.json', {
        expected: 'a container',
        found: 'the pause container of a pod',
      }),
    );
  }
  const overhead = readOverheadFile(flags.podOverhead);
  if (overhead === undefined) return EXIT.no;
  const podOverhead = readPodOverhead(overhead);
  if ('problems' in podOverhead) problems.push(...podOverhead.problems);
  else problems.push(...tooSmall(podOverhead.sizes));
  if ('problems' in podOverhead || problems.length > 0) {
    const errors = errorDocuments(problems);
    if (flags.json) writeJson({ fits: null, errors });
    else writeFindings({ ignored: [], errors });
    return EXIT.no;
  }
  if (!flags.quiet) {
    for (const { path } of passed) writeNote(`note: ${path} is the pause container of a pod: its limits do not count`);
  }
  const limits = sumOfLimits(containers);
  const verdict = judgeOverhead(limits, podOverhead.sizes, machine, flags.cgroup === '1' ? 1 : 2);
  const asked = verdict.settings.filter(
    ({ cgroupOnly }) => flags.cgroupOnly === undefined || cgroupOnly === (flags.cgroupOnly === 'true'),
  );
  const fits = asked.some((setting) => setting.fits);
  if (flags.json) writeJson(documentOf(limits, podOverhead.sizes, machine, verdict, fits));
  else writeResult(linesOf(limits, podOverhead.sizes, machine, verdict, asked));
  return fits ? EXIT.done : EXIT.no;
}

/** `400m` is less than a byte: whoever wrote it meant mebibytes. */
function tooSmall({ memory }: PodSizes): CgroupProblem[] {
  if (memory === undefined || memory === 0n || memory >= MEBIBYTE) return [];
  const expected = 'at least 1Mi; "m" means thousandths, "Mi" mebibytes';
  return [problem('FIELD_RANGE', 'podFixed.memory', { value: `${memory} bytes`, expected })];
}

function readConfig(path: string, problems: CgroupProblem[]): ExactJson {
  const input = readJsonInput(path);
  if ('problem' in input) {
    problems.push(input.problem);
    return null;
  }
  const args = { expected: 'a config.json', found: 'something else' };
  if (!isExactObject(input.json)) problems.push(problem('FIELD_TYPE', path, args));
  return input.json;
}

/** Reads YAML, of which JSON is a part; undefined when what is wrong with it was said. */
function readOverheadFile(path: string): unknown {
  const content = readBoundedFile(path, FILE_LIMIT);
  if (content.kind !== 'content') {
    const reason =
      content.kind === 'failed'
        ? reasonOf(content.error)
        : content.kind === 'too-large'
          ? `it has more than ${FILE_LIMIT} bytes`
          : `it is a ${content.what}, not a file`;
    throw new SystemError('FILE_READ', { path, reason });
  }
  const decoded = decodeUtf8(content.bytes);
  if ('invalidAt' in decoded)
    throw new SystemError('FILE_READ', { path, reason: `byte ${decoded.invalidAt} is not UTF-8` });
  const { value, diagnostics } = readYaml(path, decoded.text);
  if (value === undefined) writeDiagnostics(diagnostics, { warnings: 'none' });
  return value?.value;
}

function at(json: ExactJson | undefined, ...path: readonly string[]): ExactJson | undefined {
  let found = json;
  for (const key of path) found = isExactObject(found) ? found[key] : undefined;
  return found;
}

/** Tells whether a config.json is that of a pod's sandbox: a pause container, which a kubelet does not count. */
function isSandbox(config: ExactJson): boolean {
  return SANDBOX_ANNOTATIONS.some(([key, value]) => at(config, 'annotations', key) === value);
}

const SANDBOX_ANNOTATIONS = [
  ['io.kubernetes.cri.container-type', 'sandbox'],
  ['io.kubernetes.cri-o.ContainerType', 'sandbox'],
] as const;

/** A container without a limit, or with one that is none (-1, 0), has none. */
function limitsOf(path: string, config: ExactJson, problems: CgroupProblem[]): PodSizes {
  const number = (least: bigint, ...keys: readonly string[]): bigint | undefined => {
    const value = at(config, 'linux', 'resources', ...keys);
    if (value === undefined || value === null) return undefined;
    const isWhole = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
    const given = isWhole ? BigInt(value) : undefined;
    if (given !== undefined && given >= least && given <= LIMIT_MAX) return given;
    const field = `${path}: linux.resources.${keys.join('.')}`;
    const expected = `a whole number from ${least} to ${LIMIT_MAX}`;
    problems.push(
      given === undefined
        ? problem('FIELD_TYPE', field, { expected, found: shown(value) })
        : problem('FIELD_RANGE', field, { value: given, expected }),
    );
    return undefined;
  };
  const positive = (value: bigint | undefined): bigint | undefined =>
    value !== undefined && value > 0n ? value : undefined;
  const memory = positive(number(-1n, 'memory', 'limit'));
  const [quota, period] = [positive(number(-1n, 'cpu', 'quota')), number(1n, 'cpu', 'period') ?? 100_000n];
  return { memory, cpuMilli: quota === undefined ? undefined : (quota * 1000n + period - 1n) / period };
}

const LIMIT_MAX = (1n << 63n) - 1n;

function shown(value: ExactJson): string {
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 64)) : String(value);
}

interface Input {
  readonly path: string;
  readonly json: ExactJson;
}

function machineOf(flags: CgroupOverheadFlags, configs: readonly Input[], problems: CgroupProblem[]): MachineSizes {
  const annotation = (key: string): bigint | undefined => {
    const name = `io.katacontainers.config.hypervisor.${key}`;
    const sizes = configs.flatMap(({ path, json }) => {
      const text = at(json, 'annotations', name);
      if (text === undefined) return [];
      if (typeof text === 'string' && /^\d{1,9}$/.test(text)) return [BigInt(text)];
      problems.push(
        problem('FIELD_TEXT', `${path}: annotations.${name}`, { value: shown(text), expected: 'a whole number' }),
      );
      return [];
    });
    return sizes[0];
  };
  const [mebibytes, processors] = [annotation('default_memory'), annotation('default_vcpus')];
  return {
    guestMemory: guestBytes(flags.guestMemory) ?? (mebibytes && mebibytes << 20n) ?? KATA_MEMORY,
    guestCpus: cpusOf(flags.guestCpus) ?? processors ?? KATA_CPUS,
    monitorMemory: bytesOf('--monitor-memory', flags.monitorMemory) ?? 0n,
    helpersMemory: bytesOf('--helpers-memory', flags.helpersMemory) ?? 0n,
  };
}

/** A number alone means bytes here, but mebibytes in Kata's configuration: no guest starts with less than one of those. */
function guestBytes(text: string | undefined): bigint | undefined {
  const bytes = bytesOf('--guest-memory', text);
  if (bytes !== undefined && bytes < MEBIBYTE) {
    throw new UsageError(
      `--guest-memory wants at least 1Mi, and ${text} is ${bytes} bytes: say 256Mi for 256 mebibytes`,
    );
  }
  return bytes;
}

const MEBIBYTE = 1n << 20n;

function bytesOf(flag: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const quantity = parseQuantity(text);
  if (quantity === undefined) throw new UsageError(`${flag} wants a quantity such as 160Mi, not ${text}`);
  return (quantity + 999n) / 1000n;
}

function cpusOf(text: string | undefined): bigint | undefined {
  if (text !== undefined && !/^\d{1,4}$/.test(text)) throw new UsageError(`--guest-cpus wants a number, not ${text}`);
  return text === undefined ? undefined : BigInt(text);
}

function documentOf(
  containers: PodSizes,
  podOverhead: PodSizes,
  machine: MachineSizes,
  { pod, settings, cgroupOnly }: OverheadVerdict,
  fits: boolean,
): object {
  const sizes = ({ cpuMilli, memory }: PodSizes) => ({ cpuMilli: cpuMilli ?? null, memory: memory ?? null });
  return {
    fits,
    cgroupOnly: cgroupOnly ?? null,
    containers: sizes(containers),
    podOverhead: sizes(podOverhead),
    machine,
    pod: { ...sizes(pod), cpuQuotaUs: pod.cpuQuotaUs ?? null, cpuPeriodUs: pod.cpuPeriodUs },
    settings: settings.map(({ memory, cpu, ...rest }) => ({
      ...rest,
      memory: { ...memory, limit: memory.limit ?? null },
      cpu: { ...cpu, limit: cpu.limit ?? null },
    })),
  };
}

function linesOf(
  containers: PodSizes,
  overhead: PodSizes,
  machine: MachineSizes,
  { pod, cgroupOnly }: OverheadVerdict,
  asked: OverheadVerdict['settings'][number][],
): string {
  const sizes = ({ cpuMilli, memory }: PodSizes): string =>
    `cpu ${cpuMilli === undefined ? 'unlimited' : `${cpuMilli}m`}, memory ${memory ?? 'unlimited'}`;
  const { guestMemory, guestCpus, monitorMemory, helpersMemory } = machine;
  const quota = pod.cpuQuotaUs === undefined ? 'max' : String(pod.cpuQuotaUs);
  const best =
    asked.length > 1 ? [`answer: ${cgroupOnly === undefined ? 'neither fits' : `--cgroup-only ${cgroupOnly}`}`] : [];
  return [
    `limits of the containers: ${sizes(containers)}`,
    `pod overhead: ${sizes({ cpuMilli: overhead.cpuMilli ?? 0n, memory: overhead.memory ?? 0n })}`,
    `pod cgroup: cpu.max ${quota} ${pod.cpuPeriodUs}, memory.max ${pod.memory ?? 'max'}`,
    `guest: ${guestCpus} processors and ${guestMemory} bytes, with those of the containers added; monitor ${monitorMemory}, helpers ${helpersMemory}`,
    ...asked.flatMap((setting) => [
      `--cgroup-only ${setting.cgroupOnly}: ${setting.fits ? 'fits' : 'does not fit'}`,
      ...setting.reasons.map((reason) => `  ${reason}`),
    ]),
    ...best,
  ]
    .map((line) => `${line}\n`)
    .join('');
}
