import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Catalog } from '../../core/catalog/catalog.ts';
import { type Diagnostic, error, hasErrors } from '../../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../../core/diagnostic/input-error.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import { errnoOf } from '../../core/diagnostic/system-error.ts';
import { loadCatalog, loadDefinitionFiles } from '../../host/hook-directories.ts';
import { createTrustCheck } from '../../host/trust.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeResult } from '../output.ts';
import { excerptReader } from '../source-text.ts';

type FileKind = 'definition' | 'nri' | 'runtime' | 'policy';

/** Flags of `hooks validate`. */
export interface ValidateFlags {
  /** What every path is; without it, its file's name says so. */
  readonly as?: FileKind;
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
  const settings = { valid: 0, invalid: 0 };
  for (const path of paths) {
    const kind = flags.as ?? kindByName(path);
    if (kind !== 'definition') {
      const found = await (kind === 'policy' ? policyFindings : settingsFindings)(path, kind, flags);
      diagnostics.push(...found);
      settings[hasErrors(found) ? 'invalid' : 'valid']++;
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

/** Settings and the policy are no definitions; they are known by their file's name. */
function kindByName(path: string): FileKind {
  switch (basename(path).replace(/\.ya?ml$/, '.yaml')) {
    case 'nri.yaml':
      return 'nri';
    case 'runtime.yaml':
      return 'runtime';
    case 'policy.yaml':
      return 'policy';
    default:
      return 'definition';
  }
}

async function settingsFindings(
  path: string,
  kind: Exclude<FileKind, 'definition'>,
  flags: ValidateFlags,
): Promise<readonly Diagnostic[]> {
  const { readSettings } =
    kind === 'nri' ? await import('../../nri/settings.ts') : await import('../../runtime-wrapper/settings.ts');
  const read = await readSettings({ path, isRequired: true }, flags.strictPermissions ? 'refuse' : 'warn');
  return read?.diagnostics ?? [];
}

async function policyFindings(
  path: string,
  _kind: FileKind,
  { strictPermissions = false }: ValidateFlags,
): Promise<readonly Diagnostic[]> {
  const { loadPolicy } = await import('../../host/policy.ts');
  const warnings = strictPermissions ? [] : createTrustCheck('warn')(path);
  try {
    if (loadPolicy(path, strictPermissions ? 'refuse' : 'ignore')) return warnings;
    return [error('FILE_UNREADABLE', { path }, { reason: 'ENOENT' })];
  } catch (failure) {
    if (failure instanceof ConfigError) return [...warnings, ...failure.diagnostics];
    throw failure;
  }
}

function summary(definitions: number, settings: { readonly valid: number; readonly invalid: number }): string {
  const files = (count: number): string => (count === 1 ? 'settings file' : 'settings files');
  return [
    `${definitions} valid ${definitions === 1 ? 'definition' : 'definitions'}`,
    ...(settings.valid > 0 ? [`${settings.valid} valid ${files(settings.valid)}`] : []),
    ...(settings.invalid > 0 ? [`${settings.invalid} invalid ${files(settings.invalid)}`] : []),
  ].join(', ');
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
