import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Catalog } from '../../core/catalog/catalog.ts';
import { type Diagnostic, error, hasErrors } from '../../core/diagnostic/diagnostic.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import { errnoOf } from '../../core/diagnostic/system-error.ts';
import { loadCatalog, loadDefinitionFiles } from '../../host/hook-directories.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeResult } from '../output.ts';
import { excerptReader } from '../source-text.ts';

/** Flags of `hooks validate`. */
export interface ValidateFlags {
  readonly extensionStage?: readonly string[];
  readonly strictPermissions?: boolean;
  readonly runtime?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Does `hooks validate`: every finding about every file; exit 1 when one is an error. */
export async function validate(paths: readonly string[], flags: ValidateFlags): Promise<ExitStatus> {
  const diagnostics: Diagnostic[] = [];
  let valid = 0;
  let settings = 0;
  for (const path of paths) {
    if (isSettingsName(path)) {
      const found = await settingsFindings(path, flags);
      diagnostics.push(...found);
      if (!hasErrors(found)) settings++;
      continue;
    }
    const catalog = await loadPath(path, flags);
    if ('code' in catalog) {
      diagnostics.push(catalog);
      continue;
    }
    diagnostics.push(...catalog.diagnostics);
    valid += catalog.definitions.length + catalog.inactive.length + catalog.masked.length;
    if (flags.runtime === undefined) continue;
    const { unsupportedStages } = await import('../runtime-stages.ts');
    diagnostics.push(...(await unsupportedStages(flags.runtime, catalog.definitions)));
  }
  const isValid = !hasErrors(diagnostics);
  if (flags.json) {
    writeJson({ ok: isValid, diagnostics: diagnosticsAsData(diagnostics) });
  } else {
    writeDiagnostics(diagnostics, { warnings: flags.quiet ? 'none' : 'full', readText: excerptReader() });
    if (!flags.quiet) writeResult(`${summary(valid, settings)}\n`);
  }
  return isValid ? EXIT.done : EXIT.no;
}

/** The settings of the runtime wrapper and the NRI plugin are no definitions; they are known by their file's name. */
function isSettingsName(path: string): boolean {
  return /^(runtime|nri)\.ya?ml$/.test(basename(path));
}

async function settingsFindings(path: string, flags: ValidateFlags): Promise<readonly Diagnostic[]> {
  const { readSettings } = basename(path).startsWith('nri.')
    ? await import('../../nri/settings.ts')
    : await import('../../runtime-wrapper/settings.ts');
  const read = await readSettings({ path, isRequired: true }, flags.strictPermissions ? 'refuse' : 'warn');
  return read?.diagnostics ?? [];
}

function summary(definitions: number, settings: number): string {
  const ofDefinitions = `${definitions} valid ${definitions === 1 ? 'definition' : 'definitions'}`;
  return settings === 0
    ? ofDefinitions
    : `${ofDefinitions}, ${settings} valid ${settings === 1 ? 'settings file' : 'settings files'}`;
}

async function loadPath(path: string, flags: ValidateFlags): Promise<Catalog | Diagnostic> {
  const options = {
    extensionStages: flags.extensionStage ?? [],
    trust: flags.strictPermissions ? ('refuse' as const) : ('warn' as const),
  };
  try {
    return statSync(path).isDirectory()
      ? await loadCatalog([path], options)
      : await loadDefinitionFiles([path], options);
  } catch (failure) {
    const reason = errnoOf(failure);
    if (reason === undefined) throw failure;
    return error('FILE_UNREADABLE', { path }, { reason });
  }
}
