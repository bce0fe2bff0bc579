import { readdirSync } from 'node:fs';
import { delimiter, isAbsolute } from 'node:path';
import { type Diagnostic, error } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { type FoundProgram, findPrograms, type PathState, pathState } from '../host/machine.ts';
import type { SettingsSource } from '../host/settings-file.ts';
import { findRuntime } from '../runtime-wrapper/runtime-program.ts';
import { loadSettings, type RuntimeSettings } from '../runtime-wrapper/settings.ts';

/** The runtime wrapper under one name: its settings in force, and the runtime that they lead to. */
export interface WrapperProgram extends FoundProgram {
  readonly profile?: string;
  /** Absent when they cannot be relied on; the diagnostics say why. */
  readonly settings?: RuntimeSettings;
  /** Absent when none of the runtimes that the settings name is there. */
  readonly runtime?: string;
}

/** What there is of the runtime wrapper. */
export interface WrapperReport {
  /** Where its settings lie; without the file the defaults hold. */
  readonly path: string;
  readonly state: PathState;
  readonly programs: readonly WrapperProgram[];
}

const PROGRAM = 'hooks-runtime';

/** Looks for the wrapper under all its names, and reads its settings for each as it would itself. */
export async function examineWrapper(
  settingsPath: string,
  directories: readonly string[],
  searchPath: string,
): Promise<{ readonly report: WrapperReport; readonly diagnostics: readonly Diagnostic[] }> {
  const source: SettingsSource = { path: settingsPath, isRequired: false };
  const searched = [...directories, ...searchPath.split(delimiter).filter((entry) => isAbsolute(entry))];
  const found = findPrograms(wrapperNames(searched), directories, searchPath);
  const examined = await Promise.all(found.map((program) => examineProgram(program, source)));
  // A mistake counts before a program is there, and is the same for most names.
  const findings = [
    ...(await examineSettings(source, undefined)).diagnostics,
    ...examined.flatMap((one) => one.diagnostics),
  ];
  const diagnostics = new Map(findings.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic]));
  return {
    report: { path: settingsPath, state: pathState(settingsPath), programs: examined.map(({ report }) => report) },
    diagnostics: [...diagnostics.values()],
  };
}

/** Gives the names of the wrapper in these directories: its own, and those that choose a profile. */
function wrapperNames(directories: readonly string[]): string[] {
  const names = directories.flatMap((directory) => {
    try {
      return readdirSync(directory).filter((name) => name === PROGRAM || name.startsWith(`${PROGRAM}-`));
    } catch {
      // Not there, or not to be read by us: it holds no program of ours.
      return [];
    }
  });
  return [...new Set(names)].sort();
}

interface Examined<Report> {
  readonly report: Report;
  readonly diagnostics: readonly Diagnostic[];
}

async function examineProgram(program: FoundProgram, source: SettingsSource): Promise<Examined<WrapperProgram>> {
  const profile = program.name === PROGRAM ? undefined : program.name.slice(PROGRAM.length + 1);
  const { settings, diagnostics } = await examineSettings(source, profile);
  const named = { ...program, ...(profile !== undefined && { profile }) };
  if (!settings) return { report: named, diagnostics };
  try {
    return { report: { ...named, settings, runtime: findRuntime(settings.runtime, source.path) }, diagnostics };
  } catch (failure) {
    if (!(failure instanceof SystemError)) throw failure;
    const missing = error('SETTING_VALUE', { path: source.path, pointer: '/runtime' }, { problem: failure.message });
    return { report: { ...named, settings }, diagnostics: [...diagnostics, missing] };
  }
}

async function examineSettings(
  source: SettingsSource,
  profile: string | undefined,
): Promise<{ readonly settings?: RuntimeSettings; readonly diagnostics: readonly Diagnostic[] }> {
  try {
    return { settings: await loadSettings(source, profile), diagnostics: [] };
  } catch (failure) {
    if (failure instanceof ConfigError) return { diagnostics: failure.diagnostics };
    throw failure;
  }
}
