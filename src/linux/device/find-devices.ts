import { readdirSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { Minimatch, minimatch } from 'minimatch';
import { errnoOf, SystemError } from '../../core/diagnostic/system-error.ts';
import type { NodeType } from '../bpf/device-request.ts';
import type { DeviceQuery } from './device-query.ts';
import { parseProcDevices, parseProcMisc } from './driver-numbers.ts';

/** A device of this machine: its numbers, and the name by which policies and reports know it. */
export interface FoundDevice {
  readonly type: NodeType;
  /** -1 = any. */
  readonly major: number;
  readonly minor: number;
  /** The node after links, or `/dev/char/10:229`, `/dev/char/10:*` for numbers that were asked for as such. */
  readonly name: string;
}

/** What was found. `missing`: why a wish that may stay empty did. */
export interface FoundDevices {
  readonly devices: readonly FoundDevice[];
  readonly missing: readonly string[];
}

/** More nodes than any machine has for one wish; a pattern that fits them all is a mistake. */
const NODES_LIMIT = 4096;

/** No braces, no extglobs: what an annotation may hold must cost linear time. */
export const GLOB_OPTIONS = {
  nobrace: true,
  noext: true,
  nocomment: true,
  nonegate: true,
  noglobstar: true,
  platform: 'linux',
} as const;

/**
 * Finds the devices of a wish on this machine now; drivers number their nodes anew with each boot.
 *
 * @throws {SystemError} `DEVICE_MISSING` for a path without a device node, `DEVICE_UNKNOWN` for a driver that is not there
 */
export function findDevices(query: DeviceQuery): FoundDevices {
  switch (query.kind) {
    case 'path':
      return { devices: [nodeAt(query.path)], missing: [] };
    case 'glob':
      return nodesLike(query.pattern);
    case 'numbers': {
      const { type, major, minor } = query;
      return { devices: [{ type, major, minor, name: numbersName(type, major, minor) }], missing: [] };
    }
    case 'class':
      return { devices: nodesOfDriver(query.name, query.type), missing: [] };
    default:
      return query satisfies never;
  }
}

/** Gives the name of numbers: the link that udev makes for them, with `*` for any. */
export function numbersName(type: NodeType, major: number, minor: number): string {
  const number = (value: number): string => (value < 0 ? '*' : String(value));
  return `/dev/${type === 'b' ? 'block' : 'char'}/${number(major)}:${number(minor)}`;
}

function nodeAt(path: string): FoundDevice {
  try {
    const name = realpathSync(path);
    const node = deviceOf(name, statSync(name));
    if (node !== undefined) return node;
  } catch (error) {
    const reason = errnoOf(error) === 'ENOENT' ? 'there is no such file' : (errnoOf(error) ?? String(error));
    throw new SystemError('DEVICE_MISSING', { path, reason }, { cause: error });
  }
  throw new SystemError('DEVICE_MISSING', { path, reason: 'it is no device node' });
}

function nodesLike(pattern: string): FoundDevices {
  const segments = pattern.split('/').filter((segment) => segment !== '');
  let paths = [''];
  for (const segment of segments) {
    const matcher = new Minimatch(segment, GLOB_OPTIONS);
    paths = matcher.hasMagic()
      ? paths.flatMap((path) =>
          entriesOf(path)
            .filter((name) => matcher.match(name))
            .map((name) => `${path}/${name}`),
        )
      : paths.map((path) => `${path}/${segment}`);
    paths = paths.sort().slice(0, NODES_LIMIT);
  }
  const nodes = new Map<string, FoundDevice>();
  for (const path of paths) {
    const node = nodeOrNothing(path);
    if (node !== undefined) nodes.set(`${node.type} ${node.major}:${node.minor}`, node);
  }
  const missing = nodes.size === 0 ? [`no device fits ${pattern}`] : [];
  return { devices: [...nodes.values()], missing };
}

/** What a pattern fits besides devices, as the directory /dev/nvidia-caps fits /dev/nvidia*, is passed over. */
function nodeOrNothing(path: string): FoundDevice | undefined {
  try {
    const name = realpathSync(path);
    return deviceOf(name, statSync(name));
  } catch {
    // A dangling link, or a node that went away since its directory was read.
    return undefined;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(`${directory}/`);
  } catch {
    // Not a directory, or not there: nothing in it fits.
    return [];
  }
}

function deviceOf(name: string, stats: Stats): FoundDevice | undefined {
  const type = stats.isCharacterDevice() ? 'c' : stats.isBlockDevice() ? 'b' : undefined;
  if (type === undefined) return undefined;
  // As glibc packs dev_t; the kernel's 12 and 20 bits fit below 2^32.
  const { rdev } = stats;
  return { type, major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xf_ff00), name };
}

function nodesOfDriver(pattern: string, type: NodeType | undefined): FoundDevice[] {
  const drivers = [
    ...parseProcDevices(readFileSync('/proc/devices', 'utf8')),
    ...parseProcMisc(readFileSync('/proc/misc', 'utf8')),
  ];
  // Names hold slashes ("/dev/vc/0", "cpu/cpuid"), which a glob would take for directories.
  const plain = (text: string): string => text.replaceAll('/', '_');
  const found = drivers
    .filter((driver) => type === undefined || driver.type === type)
    .filter(({ name }) => name === pattern || minimatch(plain(name), plain(pattern), GLOB_OPTIONS));
  if (found.length === 0) throw new SystemError('DEVICE_UNKNOWN', { name: pattern });
  return found.map(({ type: kind, major, minor }) => ({
    type: kind,
    major,
    minor,
    name: numbersName(kind, major, minor),
  }));
}
