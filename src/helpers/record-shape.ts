import { type ExactJson, isExactObject } from '../core/oci/exact-json.ts';

/** Tells whether a value has a shape. */
export type Shape = (value: ExactJson | undefined) => boolean;

const isPath: Shape = (value) => typeof value === 'string' && value.startsWith('/');
const isText: Shape = (value) => typeof value === 'string';
const isFlag: Shape = (value) => typeof value === 'boolean';
const isWhole: Shape = (value) => (typeof value === 'number' && value >= 0) || typeof value === 'bigint';
const isPid: Shape = (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0;

function oneOf(...values: readonly ExactJson[]): Shape {
  return (value) => value !== undefined && values.includes(value);
}

function optional(shape: Shape): Shape {
  return (value) => value === undefined || shape(value);
}

function listOf(shape: Shape): Shape {
  return (value) => Array.isArray(value) && value.every(shape);
}

function members(shapes: Readonly<Record<string, Shape>>): Shape {
  return (value) => isExactObject(value) && Object.entries(shapes).every(([key, shape]) => shape(value[key]));
}

// A plain directory that stands for a hierarchy may be named from the working directory.
const place = { mountPoint: isText, path: isPath, isPlain: optional(isFlag) };
const identity = { pid: isPid, startTime: isText };
const name = members({ path: isPath, unit: optional(members({ name: isText, slice: isText })) });
const branch = {
  version: oneOf(1, 2),
  mountPoint: isText,
  root: isText,
  controllers: listOf(isText),
  isPlain: isFlag,
};
const layout = {
  split: oneOf('none', 'threads', 'processes', 'threaded'),
  sandbox: name,
  overhead: optional(name),
  vcpu: isPath,
  monitor: isPath,
  others: isPath,
};

/** What every helper's record has. */
export const isHelperRecord: Shape = members({
  schemaVersion: oneOf(1),
  directories: listOf(members({ mountPoint: isText, path: isPath, device: isWhole, inode: isWhole })),
  processes: optional(listOf(members({ ...identity, watch: isText }))),
  intended: optional(listOf(members(place))),
});

/** What the record of `sandbox-overhead` has besides. */
export const isOverheadRecord: Shape = members({
  intended: listOf(members(place)),
  branches: listOf(members(branch)),
  layout: members(layout),
  sandbox: members({ vmm: members(identity), shim: optional(members(identity)) }),
  withShim: isFlag,
  selector: members({ patterns: listOf(isText), tids: listOf(isPid) }),
  origins: listOf(members({ ...place, pids: listOf(isPid) })),
  scopes: listOf(members(place)),
});
