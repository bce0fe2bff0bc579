import { type ExactJson, isExactObject } from '../../core/oci/exact-json.ts';
import { FieldReader } from './field-reader.ts';
import { type CgroupProblem, problem } from './problem.ts';

/**
 * A linux.resources object, checked: absent members are undefined, integers are exact.
 * Source: OCI runtime-spec 1.2, config-linux.md, "Control groups".
 */
export interface Resources {
  readonly devices: readonly DeviceRule[] | undefined;
  readonly memory: MemoryResources;
  readonly cpu: CpuResources;
  readonly pidsLimit: bigint | undefined;
  readonly blockIo: BlockIoResources;
  readonly hugepageLimits: readonly { readonly pageSize: string; readonly limit: bigint }[];
  readonly rdma: readonly RdmaLimit[];
  readonly network: NetworkResources | undefined;
  /** In the order of the file. */
  readonly unified: readonly (readonly [string, string])[];
  /** Members that the spec does not know. */
  readonly unknown: readonly string[];
}

/** `memory`: bytes; -1 is no limit. `swap` counts memory and swap together. */
export interface MemoryResources {
  readonly limit: bigint | undefined;
  readonly reservation: bigint | undefined;
  readonly swap: bigint | undefined;
  readonly kernel: bigint | undefined;
  readonly kernelTCP: bigint | undefined;
  readonly swappiness: bigint | undefined;
  readonly disableOOMKiller: boolean | undefined;
  readonly useHierarchy: boolean | undefined;
  readonly checkBeforeUpdate: boolean | undefined;
}

/** `cpu`: times in microseconds. */
export interface CpuResources {
  readonly shares: bigint | undefined;
  readonly quota: bigint | undefined;
  readonly burst: bigint | undefined;
  readonly period: bigint | undefined;
  readonly realtimeRuntime: bigint | undefined;
  readonly realtimePeriod: bigint | undefined;
  readonly cpus: string | undefined;
  readonly mems: string | undefined;
  readonly idle: bigint | undefined;
}

/** `blockIO`: rates in bytes or operations a second. */
export interface BlockIoResources {
  readonly weight: bigint | undefined;
  readonly leafWeight: bigint | undefined;
  readonly weightDevice: readonly WeightDevice[];
  readonly throttle: readonly { readonly kind: ThrottleKind; readonly devices: readonly ThrottleDevice[] }[];
}

/** A weight for one block device. */
export interface WeightDevice {
  readonly major: bigint;
  readonly minor: bigint;
  readonly weight: bigint | undefined;
  readonly leafWeight: bigint | undefined;
}

/** A rate for one block device. */
export interface ThrottleDevice {
  readonly major: bigint;
  readonly minor: bigint;
  readonly rate: bigint;
}

/** The four kinds of throttling, in the order the runtimes write them. */
export const THROTTLE_KINDS = ['ReadBps', 'WriteBps', 'ReadIOPS', 'WriteIOPS'] as const;

/** What a throttling list bounds. */
export type ThrottleKind = (typeof THROTTLE_KINDS)[number];

/** A bound for one RDMA device. */
export interface RdmaLimit {
  readonly device: string;
  readonly hcaHandles: bigint | undefined;
  readonly hcaObjects: bigint | undefined;
}

/** `network`: v1 only. */
export interface NetworkResources {
  readonly classID: bigint | undefined;
  readonly priorities: readonly { readonly name: string; readonly priority: bigint }[];
}

/** One rule of `devices`; -1 is any number. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type: string;
  readonly major: bigint;
  readonly minor: bigint;
  readonly access: string;
}

/** Checks a linux.resources object. Every fault is reported; a member at fault reads as absent. */
export function parseResources(json: ExactJson): { readonly resources: Resources; readonly problems: CgroupProblem[] } {
  const problems: CgroupProblem[] = [];
  if (!isExactObject(json)) problems.push(problem('RESOURCES_NOT_OBJECT', 'resources'));
  const reader = new FieldReader(isExactObject(json) ? json : {}, '', problems);
  const readers: FieldReader[] = [reader];
  const section = (key: string): FieldReader => {
    const found = reader.object(key) ?? new FieldReader({}, key, problems);
    readers.push(found);
    return found;
  };
  const hasDevices = isExactObject(json) && Array.isArray(json['devices']);
  const devices = reader.objects('devices').map(parseDeviceRule);
  const network = reader.object('network');
  if (network !== undefined) readers.push(network);
  const pids = section('pids');
  const resources: Omit<Resources, 'unknown'> = {
    devices: hasDevices ? devices : undefined,
    memory: parseMemory(section('memory')),
    cpu: parseCpu(section('cpu')),
    pidsLimit: pids.int64('limit'),
    blockIo: parseBlockIo(section('blockIO')),
    hugepageLimits: reader.objects('hugepageLimits').flatMap(parseHugepageLimit),
    rdma: reader.entries('rdma').flatMap(([device, limit]) => parseRdma(device, limit)),
    network: network === undefined ? undefined : parseNetwork(network),
    unified: reader.strings('unified'),
  };
  return { resources: { ...resources, unknown: readers.flatMap((each) => each.unread()) }, problems };
}

function parseMemory(reader: FieldReader): MemoryResources {
  return {
    limit: reader.int64('limit'),
    reservation: reader.int64('reservation'),
    swap: reader.int64('swap'),
    kernel: reader.int64('kernel'),
    kernelTCP: reader.int64('kernelTCP'),
    // uint64 in the spec, yet -1 is in use as "unset" (Docker), and both runtimes take it so.
    swappiness: within(reader, 'swappiness', reader.int64('swappiness'), -1n, 100n),
    disableOOMKiller: reader.boolean('disableOOMKiller'),
    useHierarchy: reader.boolean('useHierarchy'),
    checkBeforeUpdate: reader.boolean('checkBeforeUpdate'),
  };
}

function parseCpu(reader: FieldReader): CpuResources {
  return {
    shares: reader.uint64('shares'),
    quota: reader.int64('quota'),
    burst: reader.uint64('burst'),
    period: reader.uint64('period'),
    realtimeRuntime: reader.int64('realtimeRuntime'),
    realtimePeriod: reader.uint64('realtimePeriod'),
    cpus: cpuList(reader, 'cpus'),
    mems: cpuList(reader, 'mems'),
    idle: within(reader, 'idle', reader.int64('idle'), 0n, 1n),
  };
}

function parseBlockIo(reader: FieldReader): BlockIoResources {
  return {
    weight: blockIoWeight(reader, 'weight'),
    leafWeight: blockIoWeight(reader, 'leafWeight'),
    weightDevice: reader.objects('weightDevice').flatMap((device) => {
      const number = deviceNumber(device);
      const weight = blockIoWeight(device, 'weight');
      const leafWeight = blockIoWeight(device, 'leafWeight');
      return number === undefined ? [] : { ...number, weight, leafWeight };
    }),
    throttle: THROTTLE_KINDS.map((kind) => ({
      kind,
      devices: reader.objects(`throttle${kind}Device`).flatMap((device) => {
        const number = deviceNumber(device);
        const rate = device.uint64('rate');
        return number === undefined || rate === undefined ? [] : { ...number, rate };
      }),
    })),
  };
}

function parseHugepageLimit(reader: FieldReader): Resources['hugepageLimits'] {
  const pageSize = reader.string('pageSize');
  const limit = reader.uint64('limit');
  if (pageSize === undefined || limit === undefined) return [];
  if (/^[1-9]\d{0,9}[KMG]B$/.test(pageSize)) return [{ pageSize, limit }];
  reader.report('FIELD_TEXT', 'pageSize', { value: JSON.stringify(pageSize), expected: 'a page size such as 2MB' });
  return [];
}

function parseRdma(device: string, reader: FieldReader): RdmaLimit[] {
  const limit = { device, hcaHandles: reader.uint32('hcaHandles'), hcaObjects: reader.uint32('hcaObjects') };
  if (isWord(device)) return [limit];
  // The name is the key of the object, so its members are where the fault shows.
  reader.report('FIELD_TEXT', 'hcaHandles', {
    value: JSON.stringify(device.slice(0, 64)),
    expected: 'the name of an RDMA device',
  });
  return [];
}

function parseNetwork(reader: FieldReader): NetworkResources {
  return {
    classID: reader.uint32('classID'),
    priorities: reader.objects('priorities').flatMap((entry) => {
      const name = entry.string('name');
      const priority = entry.uint32('priority');
      if (name === undefined || priority === undefined) return [];
      if (isWord(name)) return { name, priority };
      entry.report('FIELD_TEXT', 'name', { value: JSON.stringify(name), expected: 'the name of a network interface' });
      return [];
    }),
  };
}

function parseDeviceRule(reader: FieldReader): DeviceRule {
  const type = reader.string('type') ?? 'a';
  const access = reader.string('access') ?? 'rwm';
  if (!/^[abcup]$/.test(type)) reader.report('FIELD_TEXT', 'type', { value: type, expected: 'one of a, b, c, u, p' });
  if (!/^[rwm]{1,3}$/.test(access)) {
    reader.report('FIELD_TEXT', 'access', { value: JSON.stringify(access), expected: 'made of r, w and m' });
  }
  return {
    allow: reader.boolean('allow') ?? false,
    type,
    major: reader.int64('major') ?? -1n,
    minor: reader.int64('minor') ?? -1n,
    access,
  };
}

function deviceNumber(reader: FieldReader): { readonly major: bigint; readonly minor: bigint } | undefined {
  const major = within(reader, 'major', reader.int64('major') ?? 0n, 0n, 2n ** 32n - 1n);
  const minor = within(reader, 'minor', reader.int64('minor') ?? 0n, 0n, 2n ** 32n - 1n);
  return major === undefined || minor === undefined ? undefined : { major, minor };
}

function blockIoWeight(reader: FieldReader, key: string): bigint | undefined {
  const weight = reader.uint16(key);
  // 0 is "unset" in both runtimes; below 10 their conversion to io.weight wraps around.
  return weight === 0n ? weight : within(reader, key, weight, 10n, 1000n);
}

function cpuList(reader: FieldReader, key: string): string | undefined {
  const list = reader.string(key)?.trim();
  if (list === undefined || isNumberList(list)) return list;
  reader.report('FIELD_TEXT', key, { value: JSON.stringify(list.slice(0, 64)), expected: 'a list such as "0-3,8"' });
  return undefined;
}

/** Tells whether a text is a list of numbers and ranges, as cpuset files take it; empty elements are fine. */
export function isNumberList(text: string): boolean {
  return text.length <= 4096 && text.split(',').every((part) => /^\s*(\d{1,5}(-\d{1,5})?)?\s*$/.test(part));
}

function within(reader: FieldReader, key: string, value: bigint | undefined, lowest: bigint, highest: bigint) {
  if (value === undefined || (value >= lowest && value <= highest)) return value;
  reader.report('FIELD_RANGE', key, { value, expected: `${lowest} to ${highest}` });
  return undefined;
}

function isWord(text: string): boolean {
  return /^[^\s\u0000-\u001f\u007f/]{1,64}$/.test(text);
}
