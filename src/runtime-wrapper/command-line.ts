/** What a runtime was asked to do, as far as the wrapper needs to know. */
export interface RuntimeCall {
  /** The command, such as `create`; undefined when there is none, as with `--version`. */
  readonly verb?: string;
  /** As given to `--bundle`; undefined means the working directory. */
  readonly bundle?: string;
  /** As given to crun's `--config`; undefined means config.json in the bundle. */
  readonly config?: string;
  /** The container's id: the last argument that is no option. */
  readonly id?: string;
  /** Where the engine looks for errors, and in which format. */
  readonly log?: string;
  readonly logFormat: 'json' | 'text';
}

/** Options in front of the command that take a value as the next argument. */
const GLOBAL_OPTIONS: Options = {
  // runc, crun, youki and runsc: main.go, crun.c, youki's cli.rs, runsc/config.
  valued: [
    'root',
    'log',
    'log-format',
    'log-level',
    'criu',
    'rootless',
    'cgroup-manager',
    'debug-log',
    'debug-log-format',
    'debug-command',
    'panic-log',
    'coverage-report',
    'platform',
    'network',
    'overlay2',
    'file-access',
    'file-access-mounts',
    'host-uds',
    'host-fifo',
    'num-network-channels',
    'watchdog-action',
    'user-log',
    'traceback',
    'profiling-metrics-log',
    'controller-directory',
    'pod-init-config',
  ],
  boolean: ['debug', 'systemd-cgroup', 'systemd-log', 'version', 'help', 'usage'],
  letters: { r: 'root', l: 'log', s: 'systemd-cgroup', v: 'version', V: 'version', h: 'help' },
};

/** Options of `create` and `run`. */
const CREATE_OPTIONS: Options = {
  valued: ['bundle', 'config', 'console-socket', 'pidfd-socket', 'pid-file', 'preserve-fds', 'user-log', 'pass-fd'],
  boolean: ['no-pivot', 'no-new-keyring', 'no-subreaper', 'detach', 'keep', 'help', 'usage'],
  letters: { b: 'bundle', f: 'config', c: 'console-socket', p: 'pid-file', d: 'detach', n: 'no-pivot', h: 'help' },
};

/** Commands of the four runtimes: what follows an option that is not known is its value, unless it is one of these. */
const VERBS: ReadonlySet<string> = new Set([
  ...['create', 'run', 'start', 'state', 'kill', 'delete', 'exec', 'pause', 'resume', 'update', 'ps', 'events'],
  ...['list', 'checkpoint', 'restore', 'spec', 'features', 'help', 'init', 'info', 'completion', 'mounts', 'wait'],
  ...['do', 'debug', 'boot', 'gofer', 'flags', 'install', 'uninstall', 'port-forward', 'trace', 'symbolize', 'tar'],
]);

interface Options {
  readonly valued: readonly string[];
  readonly boolean: readonly string[];
  readonly letters: Readonly<Record<string, string>>;
}

/**
 * Reads the command line of an OCI runtime: options with `=` or a value behind them, with one dash or two (Go's flag
 * package takes both), clusters of letters and unique beginnings of names (crun's argp takes them). Nothing is refused:
 * what is not known here is the runtime's business.
 */
export function parseCommandLine(args: readonly string[]): RuntimeCall {
  const global = new Map<string, string>();
  const at = findVerb(args, global);
  const log = logFile(global.get('log'));
  const call: RuntimeCall = {
    ...(log !== undefined && { log }),
    logFormat: global.get('log-format') === 'json' ? 'json' : 'text',
  };
  const verb = args[at];
  if (verb === undefined) return call;
  if (!isCreation(verb)) return { ...call, verb };
  const given = new Map<string, string>();
  const words = readOptions(args.slice(at + 1), CREATE_OPTIONS, given);
  const [bundle, config, id] = [given.get('bundle'), given.get('config'), words.at(-1)];
  return {
    ...call,
    verb,
    ...(bundle && { bundle }),
    ...(config && { config }),
    ...(id !== undefined && { id }),
  };
}

/** Tells whether a command makes a container from a bundle. */
export function isCreation(verb: string | undefined): boolean {
  return verb === 'create' || verb === 'run';
}

/** Gives the index of the command; the options in front of it go into `given`. */
function findVerb(args: readonly string[], given: Map<string, string>): number {
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (argument === '--') return index + 1;
    if (!isOption(argument)) return index;
    const option = readOption(argument, GLOBAL_OPTIONS);
    const next = args[index + 1];
    if (option.value !== undefined) given.set(option.name, option.value);
    else if (option.kind === 'valued' || (option.kind === 'unknown' && isValueOfUnknown(next))) {
      if (next !== undefined) given.set(option.name, next);
      index++;
    }
  }
  return args.length;
}

function isValueOfUnknown(next: string | undefined): boolean {
  return next !== undefined && !isOption(next) && !VERBS.has(next);
}

/** Gives the arguments that are no options; the options go into `given`, the last of a name wins. */
function readOptions(args: readonly string[], options: Options, given: Map<string, string>): string[] {
  const words: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (argument === '--') return [...words, ...args.slice(index + 1)];
    if (!isOption(argument)) {
      words.push(argument);
      continue;
    }
    const option = readOption(argument, options);
    if (option.value !== undefined) given.set(option.name, option.value);
    else if (option.kind === 'valued') given.set(option.name, args[++index] ?? '');
  }
  return words;
}

function isOption(argument: string): boolean {
  return argument.startsWith('-') && argument !== '-';
}

interface Option {
  readonly name: string;
  readonly kind: 'valued' | 'boolean' | 'unknown';
  /** What stands in the argument itself, behind `=` or a letter. */
  readonly value?: string;
}

function readOption(argument: string, options: Options): Option {
  const written = argument.replace(/^--?/, '');
  const equals = written.indexOf('=');
  const word = equals < 0 ? written : written.slice(0, equals);
  const value = equals < 0 ? {} : { value: written.slice(equals + 1) };
  const name = options.letters[word] ?? fullName(word, options, argument.startsWith('--'));
  if (name !== undefined) return { name, kind: options.valued.includes(name) ? 'valued' : 'boolean', ...value };
  return (!argument.startsWith('--') && readCluster(written, options)) || { name: word, kind: 'unknown', ...value };
}

function fullName(word: string, { valued, boolean }: Options, mayBeShort: boolean): string | undefined {
  const names = [...valued, ...boolean];
  if (names.includes(word)) return word;
  const begun = mayBeShort && word !== '' ? names.filter((name) => name.startsWith(word)) : [];
  return begun.length === 1 ? begun[0] : undefined;
}

/** Reads `-db DIR` and `-bDIR`: letters without a value, then perhaps one with a value and the value. */
function readCluster(written: string, options: Options): Option | undefined {
  for (const [index, letter] of [...written].entries()) {
    const name = options.letters[letter];
    if (name === undefined) return undefined;
    if (!options.valued.includes(name)) continue;
    const value = written.slice(index + 1).replace(/^=/, '');
    return { name, kind: 'valued', ...(value !== '' && { value }) };
  }
  return { name: written, kind: 'boolean' };
}

/** crun takes `file:PATH` too, and `journald:`, `syslog:`, which are no files. */
function logFile(log: string | undefined): string | undefined {
  if (log === undefined || log === '' || /^(journald|syslog):/.test(log)) return undefined;
  return log.replace(/^file:/, '');
}
