import { escapeControls } from './quote.ts';

/** What the system refused; each code has its sentence in `TEXT`. */
export type SystemErrorCode = keyof typeof TEXT;

/** Values for the sentence of a system error: the path, program or number it is about. */
export type SystemErrorArguments = Readonly<Record<string, string | number>>;

const TEXT = {
  FILE_READ: 'cannot read {path}: {reason}',
  FILE_WRITE: 'cannot write {path}: {reason}; nothing was changed',
  FILE_REMOVE: 'cannot remove {path}: {reason}; call it again when that is mended',
  INSTALL_RECORD: 'cannot use {path}, the record of what was installed: {reason}',
  DIRECTORY_MAKE: 'cannot make the directory {path}: {reason}',
  DIRECTORY_READ: 'cannot read the directory {path}: {reason}',
  STDIN_READ: 'cannot read standard input: {reason}',
  STDOUT_WRITE: 'cannot write standard output: {reason}',
  HOOK_START: 'cannot start the hook {path}: {reason}',
  HOOK_STDIN: 'cannot give the state to the hook {path}: {reason}',
  HOOK_FAILED: 'the hook {path} failed: {reason}',
  HOOK_TIMEOUT: 'the hook {path} ran longer than its timeout of {timeoutSeconds} s and was killed',
  FILTER_OUTPUT: 'the precreate hook {path} did not print a whole config.json: {reason}',
  RUNTIME_FEATURES: 'cannot ask {path} for its features: {reason}',
  RUNTIME_MISSING: 'there is no OCI runtime: looked for {names}; install one, or name it as "runtime" in {settings}',
  SYSCALL_UNKNOWN: 'the number of the system call {name} on {arch} is not known here',
  PROGRAM_EXEC: 'cannot start {path}: {reason}',
  WATCH: 'cannot watch {path}: {reason}',
  CGROUP_NOT_MOUNTED: 'no cgroup filesystem is mounted here that holds {what}',
  CGROUP_NOT_FOUND: 'there is no cgroup {path}: it was removed, or the path is wrong',
  CGROUP_NOT_CGROUP: '{path} is not within a cgroup filesystem; nothing is written elsewhere',
  CGROUP_LINK: '{path} is a symbolic link or no directory; a cgroup is reached through directories alone',
  CGROUP_ROOT: '{path} is the root cgroup, which holds the whole machine; name one below it',
  CGROUP_OUTSIDE: 'the cgroup of process {pid} cannot be named from here: {reason}',
  CGROUP_READ: 'cannot read {path}: {reason}',
  CGROUP_WRITE: 'cannot write "{value}" to {path}: {reason}',
  CGROUP_CONTROLLER:
    'cannot write {path}: the controller {controller} is not enabled: {ancestor} does not pass it on; {hint}',
  CGROUP_FILE: 'cannot write {path}: this kernel has no such file, although the controller {controller} is there',
  CGROUP_MAKE: 'cannot make the cgroup {path}: {reason}',
  CGROUP_REMOVE: 'cannot remove the cgroup {path}: {reason}',
  CGROUP_OCCUPIED:
    "the cgroup {path} was there before and holds other processes ({pids}): it is not the sandbox's; name another one",
  CGROUP_LEFT:
    'the cgroup {path} is not removed: it still holds {pids}, which no cgroup takes; the record is kept, so end them and run this again',
  CGROUP_MOVE: 'cannot move {what} {id} to {path}: {reason}',
  CGROUP_THREADED: '{path} cannot be made threaded: {reason}',
  CGROUP_V2_NEEDED: '{what} needs cgroup v2, and the controllers here are on v1',
  CGROUP_INTERNAL_PROCESSES:
    'cannot pass controllers on from {path}: it holds processes itself, and cgroup v2 wants them in a leaf; say --leaf NAME to have them moved there',
  PRESSURE_TRIGGER: 'cannot watch {path} for "{trigger}": {reason}',
  PRESSURE_WATCHER: 'the watcher of the pressure trigger does not start: {reason}',
  PRESSURE_WAIT: 'cannot wait on the pressure trigger: {reason}',
  RECORD: 'cannot keep the record {path}: {reason}',
  CGROUP_MEMORY_IN_USE:
    'the memory limit of {bytes} bytes is not above the {current} bytes in use in {path}; nothing was changed',
  STATE_INVALID:
    'standard input is not the state of a container: {reason}; a hook helper is run by a runtime, or with `runc state ID | hooks helper ...`',
  PROCESS_NONE: 'the state of container {id} has no pid: this helper belongs to a stage at which the container exists',
  PROCESS_NOT_CONTAINER: 'process {pid} is {kind}, not the container; say --sandbox if that is meant',
  PROCESS_NOT_VMM:
    'process {pid} is {kind}, no virtual machine monitor that is known; say --sandbox if the virtual machine is meant',
  PROCESS_NEVER_VMM: 'process {pid} is {kind}: no virtual machine monitor, and nothing of it is moved',
  RECORD_NONE: 'nothing is recorded for {id}: {reason}',
  PROCESS_GONE: 'there is no process {pid}',
  PROCESS_REUSED:
    'process {pid} is another one than a moment ago: the first has ended, and its number was given out again',
  SYSTEMD_UNIT_NONE:
    'no systemd unit of its own holds the cgroup {path}: properties need an engine that uses the systemd driver',
  SYSTEMD_CALL: 'systemd refused {method} for {unit}: {reason}',
  BPF_LOAD: 'the kernel does not load the device program: {reason}',
  BPF_QUERY: 'cannot ask which device programs are attached to {cgroup}: {reason}',
  BPF_ATTACH: 'cannot attach a device program to {cgroup}: {reason}',
  BPF_ARCHITECTURE: 'the number of bpf(2) is not known for the architecture {arch}',
  DEVICE_RACE:
    'somebody else kept replacing the device programs of {cgroup} ({attempts} attempts); try again when it is quiet',
  DEVICE_FIXED: 'the device program {id} of {cgroup} cannot be widened: {reason}; nothing was changed there',
  DEVICE_DENIED_ABOVE:
    'the cgroup {cgroup} is widened, but {ancestor} above it still denies {device}; it holds more than this container, so it is left alone: allow the device there first',
  DEVICE_V1: 'cannot write "{value}" to {path}: {reason}',
  DEVICE_QUERY: '{text} names no device: {reason}',
  DEVICE_MISSING: 'there is no device {path}: {reason}',
  HOST_ROOT: "{setting}: the host's root cannot be read at {path}: {reason}",
  LISTEN: 'cannot listen at {address}: {reason}',
  NRI_STATUS: 'cannot ask the NRI plugin at {path}: {reason}',
  NRI_PROTOCOL: 'the runtime does not speak NRI as it is known here: {reason}',
  DEVICE_UNKNOWN: 'no driver named {name} is in /proc/devices or /proc/misc; load its module first',
} as const;

/**
 * A failure of the system, not of the input: a file that cannot be read, a program that does not start.
 * `code` is stable; `cause` holds the error beneath where there is one.
 */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  readonly code: SystemErrorCode;
  readonly args: SystemErrorArguments;

  constructor(code: SystemErrorCode, args: SystemErrorArguments, options?: ErrorOptions) {
    super(
      TEXT[code].replace(/\{(\w+)\}/g, (whole, name: string) => escapeControls(String(args[name] ?? whole))),
      options,
    );
    this.code = code;
    this.args = args;
  }
}

/** Gives the errno name of a system call's failure (`ENOENT`), or undefined for any other error. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
