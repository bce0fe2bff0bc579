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
import { writeDiagnostics, writeJson, writeResult } from '../output.ts';

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
  const inputs = configs.map((path) => readConfig(path, problems));
  const overhead = readOverheadFile(flags.podOverhead);
  if (overhead === undefined) return EXIT.no;
  const read = readPodOverhead(overhead);
  if ('problems' in read) problems.push(...read.problems);
  if ('problems' in read || problems.length > 0) {
    const errors = errorDocuments(problems);
    if (flags.json) writeJson({ fits: null, errors });
    else writeFindings({ ignored: [], errors });
    return EXIT.no;
  }
  const limits = sumOfLimits(inputs.map(limitsOf));
  const machine = machineOf(flags, inputs);
  const verdict = judgeOverhead(limits, read.sizes, machine, flags.cgroup === '1' ? 1 : 2);
  const asked = verdict.settings.filter(
    ({ cgroupOnly }) => flags.cgroupOnly === undefined || cgroupOnly === (flags.cgroupOnly === 'true'),
  );
  const fits = asked.some((setting) => setting.fits);
  if (flags.json) writeJson(documentOf(limits, read.sizes, machine, verdict, fits));
  else writeResult(linesOf(limits, read.sizes, machine, verdict, asked));
  return fits ? EXIT.done : EXIT.no;
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

/** A container without a limit, or with one that is none (-1, 0), has none. */
function limitsOf(config: ExactJson): PodSizes {
  const number = (...path: readonly string[]): bigint | undefined => {
    const value = at(config, 'linux', 'resources', ...path);
    return (typeof value === 'number' && Number.isSafeInteger(value)) || typeof value === 'bigint'
      ? BigInt(value)
      : undefined;
  };
  const positive = (value: bigint | undefined): bigint | undefined =>
    value !== undefined && value > 0n ? value : undefined;
  const [quota, period] = [positive(number('cpu', 'quota')), positive(number('cpu', 'period')) ?? 100_000n];
  return {
    memory: positive(number('memory', 'limit')),
    cpuMilli: quota === undefined ? undefined : (quota * 1000n + period - 1n) / period,
  };
}

function machineOf(flags: CgroupOverheadFlags, configs: readonly ExactJson[]): MachineSizes {
  const annotation = (key: string): bigint | undefined => {
    const texts = configs.map((config) => at(config, 'annotations', `io.katacontainers.config.hypervisor.${key}`));
    const text = texts.find((value) => typeof value === 'string' && /^\d{1,9}$/.test(value));
    return typeof text === 'string' ? BigInt(text) : undefined;
  };
  const mebibytes = annotation('default_memory');
  return {
    guestMemory: bytesOf('--guest-memory', flags.guestMemory) ?? (mebibytes && mebibytes << 20n) ?? KATA_MEMORY,
    guestCpus: cpusOf(flags.guestCpus) ?? annotation('default_vcpus') ?? KATA_CPUS,
    monitorMemory: bytesOf('--monitor-memory', flags.monitorMemory) ?? 0n,
    helpersMemory: bytesOf('--helpers-memory', flags.helpersMemory) ?? 0n,
  };
}

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
