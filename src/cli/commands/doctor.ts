import { diagnosticsAsData, diagnosticText, renderHeadline } from '../../core/diagnostic/render.ts';
import { DEFAULT_HOOK_DIRECTORIES } from '../../host/hook-directories.ts';
import { type PathState, PROGRAM_DIRECTORIES, readMountinfo } from '../../host/machine.ts';
import { defaultSettings, SETTINGS_PATH } from '../../nri/settings.ts';
import { settingsSource } from '../../runtime-wrapper/settings.ts';
import { type DoctorReport, examine, mustBeMended } from '../doctor-report.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import type { NriReport } from '../nri-report.ts';
import { safeLines, styled, writeJson, writeResult } from '../output.ts';
import type { WrapperProgram } from '../wrapper-report.ts';

/** Flags of `hooks doctor`. */
export interface DoctorFlags {
  readonly hooksDir?: readonly string[];
  readonly extensionStage?: readonly string[];
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks doctor`: what this machine has, and what must be mended, each with the command to run. */
export async function doctor(flags: DoctorFlags): Promise<ExitStatus> {
  const report = await examine({
    hooksDirectories: flags.hooksDir ?? DEFAULT_HOOK_DIRECTORIES,
    withNriDirectories: flags.hooksDir === undefined,
    programDirectories: PROGRAM_DIRECTORIES,
    searchPath: process.env['PATH'] ?? '',
    mountinfo: readMountinfo(),
    policy: '/etc/oci-hooks/policy.yaml',
    wrapperConfig: settingsSource(process.env).path,
    nriConfig: SETTINGS_PATH,
    nriSocket: defaultSettings().socketPath,
    nriStatus: defaultSettings().status,
    // Podman's: a definition that names it is no fault on a machine that may have Podman.
    extensionStages: flags.extensionStage ?? ['precreate'],
  });
  if (flags.json) writeJson({ ...report, diagnostics: diagnosticsAsData(report.diagnostics) });
  else writeResult(`${[...describe(report), ...describeFindings(report, flags.quiet ?? false)].join('\n')}\n`);
  return report.ok ? EXIT.done : EXIT.no;
}

const CGROUPS = {
  unified: 'version 2 (unified)',
  hybrid: 'version 1, with version 2 beside it (hybrid)',
  legacy: 'version 1 (legacy)',
  none: 'not mounted at /sys/fs/cgroup',
} as const;

function describe(report: DoctorReport): string[] {
  const { engines, runtimes, cgroup, directories, policy, wrapper, nri } = report;
  return [
    ...section(
      'engines',
      engines.map(({ name, path }) => `${name}: ${path}`),
    ),
    ...section(
      'runtimes',
      runtimes.map(({ name, path, stages, unknown }) => {
        const said = stages ? `runs ${stages.join(', ') || 'no hooks'}` : `stages not known: ${unknown ?? ''}`;
        return `${name}: ${path}: ${said}`;
      }),
    ),
    ...section('cgroups', [CGROUPS[cgroup.mode]]),
    ...section(
      'hooks directories',
      directories.map(({ path, state, valid, invalid, inactive }) =>
        state === 'directory'
          ? `${path}: ${valid} valid (${inactive} inactive), ${invalid} invalid`
          : `${path}: ${there(state)}`,
      ),
    ),
    ...section('policy', [`${policy.path}: ${there(policy.state, 'requests from annotations are refused')}`]),
    ...section('runtime wrapper', [
      `${wrapper.path}: ${there(wrapper.state, 'the defaults hold')}`,
      ...wrapper.programs.flatMap(describeWrapper),
    ]),
    ...section('NRI', [
      `${nri.path}: ${there(nri.state, NRI_IS_OFF)}`,
      `${nri.settings.path}: ${there(nri.settings.state, 'the defaults hold')}`,
      ...describeNriSettings(nri),
      `plugin: ${nri.plugin === undefined ? 'none answers' : [nri.plugin.ready ? 'ready' : 'not ready', ...nri.plugin.reasons].join('; ')}`,
    ]),
  ];
}

/** What a socket that is not there means. The version of containerd is not asked: that would run it. */
const NRI_IS_OFF =
  'no runtime with NRI runs: containerd 1.x has it off by default (disable = false in its ' +
  '[plugins."io.containerd.nri.v1.nri"] turns it on)';

function describeNriSettings({ settings: { state, inForce } }: NriReport): string[] {
  if (state === 'absent') return [];
  if (!inForce) return ['settings: with errors, so the plugin does not start'];
  const { hooksDirs, builtin, onError, status } = inForce;
  return [
    `  definitions: ${[...(builtin ? ['the shipped ones'] : []), ...hooksDirs].join(', ') || 'none'}`,
    `  on error: ${onError}; status: ${status}`,
  ];
}

function describeWrapper({ name, path, settings, runtime }: WrapperProgram): string[] {
  if (!settings) return [`${name}: ${path}: makes no container`];
  const { hooksDirs, builtin, onError, recordHooks, log, logFile } = settings;
  return [
    `${name}: ${path}: ${runtime === undefined ? 'finds no runtime' : `starts ${runtime}`}`,
    `  definitions: ${[...(builtin ? ['the shipped ones'] : []), ...hooksDirs].join(', ') || 'none'}`,
    `  on error: ${onError}; hooks recorded: ${recordHooks ? 'yes' : 'no'}; log: ${log === 'file' ? logFile : log}`,
  ];
}

function there(state: PathState, whenAbsent?: string): string {
  if (state === 'absent') return whenAbsent === undefined ? 'not there' : `not there, so ${whenAbsent}`;
  return state === 'unreachable' ? 'cannot be reached' : `there (${state === 'other' ? 'not a file' : state})`;
}

function section(title: string, lines: readonly string[]): string[] {
  return [
    styled(['bold'], title, process.stdout),
    ...(lines.length > 0 ? lines : ['none found']).map((line) => `  ${safeLines(line)}`),
  ];
}

function describeFindings({ ok, diagnostics }: DoctorReport, isQuiet: boolean): string[] {
  const must = diagnostics.filter(mustBeMended);
  const may = isQuiet ? [] : diagnostics.filter((diagnostic) => !mustBeMended(diagnostic));
  const lines = (found: typeof diagnostics): string[] =>
    found.flatMap((diagnostic) => [
      `  ${safeLines(renderHeadline(diagnostic))}`,
      `    ${safeLines(diagnosticText(diagnostic).fix)}`,
    ]);
  return [
    ...(may.length > 0 ? [styled(['yellow'], 'worth a look', process.stdout), ...lines(may)] : []),
    ...(ok ? ['nothing must be mended'] : [styled(['red', 'bold'], 'to mend', process.stdout), ...lines(must)]),
  ];
}
