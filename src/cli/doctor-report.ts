import type { HookDefinition } from '../core/definition/hook-definition.ts';
import { type Diagnostic, error } from '../core/diagnostic/diagnostic.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { loadCatalog } from '../host/hook-directories.ts';
import {
  type CgroupMode,
  cgroupMode,
  type FoundProgram,
  findPrograms,
  type PathState,
  pathState,
} from '../host/machine.ts';
import { readRuntimeFeatures } from '../host/runtime-features.ts';
import { createTrustCheck, type TrustCheck } from '../host/trust.ts';
import { examineNri, type NriReport } from './nri-report.ts';
import { stagesNotRun } from './runtime-stages.ts';
import { examineWrapper, type WrapperReport } from './wrapper-report.ts';

/** Where doctor looks. */
export interface Places {
  readonly hooksDirectories: readonly string[];
  /** Whether those that only the NRI plugin's settings name are looked at too. */
  readonly withNriDirectories: boolean;
  readonly programDirectories: readonly string[];
  /** The value of $PATH. */
  readonly searchPath: string;
  /** The text of /proc/self/mountinfo. */
  readonly mountinfo: string;
  readonly policy: string;
  readonly wrapperConfig: string;
  readonly nriConfig: string;
  /** The runtime's socket and that of our plugin's status, where the plugin's settings do not name them. */
  readonly nriSocket: string;
  readonly nriStatus: string;
  readonly extensionStages: readonly string[];
}

/** A runtime: the stages it says it runs, or why it does not say. */
export interface RuntimeReport extends FoundProgram {
  readonly stages?: readonly string[];
  readonly unknown?: string;
}

/** A hooks directory and how many definitions it holds. */
export interface DirectoryReport {
  readonly path: string;
  readonly state: PathState;
  readonly valid: number;
  readonly invalid: number;
  /** Those whose program does not exist. */
  readonly inactive: number;
}

/** A place where something may be. */
export interface PlaceReport {
  readonly path: string;
  readonly state: PathState;
}

/** What `hooks doctor` found. `ok` says that nothing must be mended; its schema is schemas/doctor.json. */
export interface DoctorReport {
  readonly ok: boolean;
  readonly engines: readonly FoundProgram[];
  readonly runtimes: readonly RuntimeReport[];
  readonly cgroup: { readonly mode: CgroupMode };
  readonly directories: readonly DirectoryReport[];
  readonly policy: PlaceReport;
  readonly wrapper: WrapperReport;
  readonly nri: NriReport;
  readonly diagnostics: readonly Diagnostic[];
}

const ENGINES = ['podman', 'containerd', 'crio', 'docker', 'nerdctl'];
const RUNTIMES = ['runc', 'crun', 'youki', 'runsc', 'kata-runtime'];

/** Warnings that end in a container that does not start, or a hook that does not run. */
const MUST_BE_MENDED: readonly string[] = [
  'HOOK_NOT_EXECUTABLE',
  'HOOK_PATH_NOT_A_FILE',
  'HOOK_PATH_RELATIVE',
  'TIMEOUT_NOT_POSITIVE',
];

/** Looks at a machine and says what is there and what must be mended. Nothing is changed. */
export async function examine(places: Places): Promise<DoctorReport> {
  const check = createTrustCheck('refuse');
  const engines = findPrograms(ENGINES, places.programDirectories, places.searchPath);
  const found = findPrograms(RUNTIMES, places.programDirectories, places.searchPath);
  const runtimes = await Promise.all(found.map((program) => examineRuntime(program, check)));
  const { nriConfig, nriSocket, nriStatus } = places;
  const nri = await examineNri({ settings: nriConfig, socket: nriSocket, status: nriStatus });
  const directories = await Promise.all(
    [...places.hooksDirectories, ...(places.withNriDirectories ? nriDirectories(nri.report, places) : [])].map((path) =>
      examineDirectory(path, places.extensionStages, check),
    ),
  );
  const definitions = directories.flatMap((directory) => directory.definitions);
  const policy = examineFile(places.policy, check);
  const wrapper = await examineWrapper(places.wrapperConfig, places.programDirectories, places.searchPath);
  const diagnostics = [
    ...directories.flatMap((directory) => directory.diagnostics),
    ...runtimes.flatMap(({ report, diagnostics: found }) => [
      ...found,
      ...(report.stages ? stagesNotRun(report.path, report.stages, definitions) : []),
    ]),
    ...policy.diagnostics,
    ...wrapper.diagnostics,
    ...nri.diagnostics,
  ];
  return {
    ok: !diagnostics.some(mustBeMended),
    engines,
    runtimes: runtimes.map(({ report }) => report),
    cgroup: { mode: cgroupMode(places.mountinfo) },
    directories: directories.map(({ report }) => report),
    policy: policy.report,
    wrapper: wrapper.report,
    nri: nri.report,
    diagnostics,
  };
}

/** Tells whether a finding must be mended before hooks work as they are meant to. */
export function mustBeMended({ severity, code }: Diagnostic): boolean {
  return severity === 'error' || MUST_BE_MENDED.includes(code);
}

interface Examined<Report> {
  readonly report: Report;
  readonly diagnostics: readonly Diagnostic[];
}

/** A plugin that sees the host's root below another directory runs in a pod, which has these directories, not this machine. */
function nriDirectories({ settings: { state, inForce } }: NriReport, { hooksDirectories }: Places): readonly string[] {
  if (state === 'absent' || inForce === undefined || inForce.hostRoot !== undefined) return [];
  return inForce.hooksDirs.filter((directory) => !hooksDirectories.includes(directory));
}

/** A runtime is only run when nobody but root and we could have put something else in its place. */
async function examineRuntime(program: FoundProgram, check: TrustCheck): Promise<Examined<RuntimeReport>> {
  const diagnostics = check(program.path);
  if (diagnostics.length > 0) {
    return { report: { ...program, unknown: 'it was not asked: others could change it' }, diagnostics };
  }
  try {
    const { hooks } = await readRuntimeFeatures(program.path);
    const report = hooks ? { ...program, stages: hooks } : { ...program, unknown: 'its features name no stages' };
    return { report, diagnostics: [] };
  } catch (failure) {
    if (!(failure instanceof SystemError)) throw failure;
    // Older runtimes have no `features`: that is no fault of the machine.
    return { report: { ...program, unknown: String(failure.args['reason']) }, diagnostics: [] };
  }
}

async function examineDirectory(
  path: string,
  extensionStages: readonly string[],
  check: TrustCheck,
): Promise<Examined<DirectoryReport> & { readonly definitions: readonly HookDefinition[] }> {
  const state = pathState(path);
  if (state === 'absent') {
    return { report: { path, state, valid: 0, invalid: 0, inactive: 0 }, diagnostics: [], definitions: [] };
  }
  const catalog = await loadCatalog([path], { extensionStages, trust: 'refuse' });
  const bad = new Set(
    catalog.diagnostics
      .filter(
        ({ severity, code }) => severity === 'error' && code !== 'PERMISSION_UNSAFE' && code !== 'DIRECTORY_UNREADABLE',
      )
      .map((diagnostic) => diagnostic.path),
  );
  const isGood = (definition: HookDefinition): boolean => !bad.has(definition.path);
  const definitions = catalog.definitions.filter(isGood);
  const inactive = catalog.inactive.filter(isGood).length;
  const report = { path, state, valid: definitions.length + inactive, invalid: bad.size, inactive };
  return { report, diagnostics: [...check(path), ...catalog.diagnostics], definitions };
}

function examineFile(path: string, check: TrustCheck): Examined<PlaceReport> {
  const state = pathState(path);
  switch (state) {
    case 'absent':
      return { report: { path, state }, diagnostics: [] };
    case 'file':
      return { report: { path, state }, diagnostics: check(path) };
    case 'unreachable':
      return {
        report: { path, state },
        diagnostics: [error('FILE_UNREADABLE', { path }, { reason: 'it leads nowhere' })],
      };
    default:
      return { report: { path, state }, diagnostics: [error('FILE_NOT_REGULAR', { path }, { kind: state })] };
  }
}
