import { escapeControls } from '../../core/diagnostic/quote.ts';

const TEXT = {
  JSON_INVALID: 'this is not JSON: {reason}',
  FILE_TOO_LARGE: 'the file has more than {limit} bytes',
  RESOURCES_NOT_OBJECT: 'this must be a linux.resources object; for a config.json give its linux.resources alone',
  FIELD_TYPE: 'must be {expected}, not {found}',
  FIELD_RANGE: '{value} is out of range: {expected}',
  FIELD_TEXT: '{value} is not {expected}',
  SWAP_WITHOUT_LIMIT:
    'swap {swap} needs memory.limit: it counts memory and swap together; give the limit, or -1 for no bound',
  SWAP_BELOW_LIMIT:
    'swap {swap} is below the memory limit {limit}, but it counts memory and swap together; give at least {limit}',
  SWAP_WITH_NEGATIVE_LIMIT: 'swap {swap} cannot go with the memory limit {limit}; only -1 means no limit',
  V2_UNSUPPORTED: 'cgroup v2 has nothing like it, and crun refuses the container; leave it out',
  BFQ_NEEDED: 'a weight for one device needs io.bfq.weight (the bfq scheduler), and crun refuses the container',
  UNIFIED_ON_V1: 'unified holds files of cgroup v2; on v1 and hybrid both runtimes refuse the container',
  UNIFIED_KEY: 'a key is the name of one file, CONTROLLER.NAME: without "/", with a "." after the first character',
  UNIFIED_CONTROLLER: 'no controller of cgroup v2 is called {controller}; known are {known}',
  WEIGHT_AND_IDLE: 'cpu.idle 1 and a CPU weight exclude each other, and crun refuses the container; leave one out',
  CPUSET_EMPTY: 'an empty list of {what} cannot be sent to systemd; leave it out',
  CGROUPS_PATH_PARTS: 'the systemd driver wants "slice:prefix:name", three parts; this has {parts}',
  CGROUPS_PATH_CLIMBS: 'the path climbs above the root of the hierarchy with ".."; give one that stays below',
  CGROUPS_PATH_ROOT: 'the path names the root cgroup, which holds the whole machine; name one below it',
  CGROUPS_PATH_CHARACTER: 'the path holds a control character',
  SLICE_NAME: 'not a slice: it ends in ".slice", holds no "/", and no part between "-" is empty',
  UNIT_NAME: 'not a unit name: it has 1 to 255 characters and holds no "/"',
  ANNOTATION_UNKNOWN: 'this helper knows no such annotation; it knows {known}',
  ID_INVALID: 'a container id is made of letters, digits, "_", "+", "-" and ".", and is neither "." nor ".."',
  DEVICE_RULES_NOT_LIST: 'this must be a list of rules, as linux.resources.devices of a config.json',
  DEVICE_RULES_TOO_MANY: 'there are more than {limit} rules',
  DEVICE_RULE_REFUSED: '{reason}; the container would not start',
} as const;

/** What can be wrong with wishes for a cgroup; each code has its sentence in `TEXT`. */
export type CgroupProblemCode = keyof typeof TEXT;

/** A fault in the input, as data. `field` says where: `memory.swap`, `blockIO.weightDevice[0].weight`, `cgroupsPath`. */
export interface CgroupProblem {
  readonly code: CgroupProblemCode;
  readonly field: string;
  readonly args: Readonly<Record<string, string>>;
}

/** Makes a problem; values of any number type are kept as their digits. */
export function problem(
  code: CgroupProblemCode,
  field: string,
  args: Readonly<Record<string, string | number | bigint>> = {},
): CgroupProblem {
  return { code, field, args: Object.fromEntries(Object.entries(args).map(([key, value]) => [key, String(value)])) };
}

/** Gives the sentence of a problem: what, where, why and how to mend. */
export function renderProblem({ code, field, args }: CgroupProblem): string {
  return escapeControls(`${field}: ${TEXT[code].replace(/\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole)}`);
}
