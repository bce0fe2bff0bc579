import type { HookDefinition } from '../../core/definition/hook-definition.ts';
import { escapeControls } from '../../core/diagnostic/quote.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import { type CatalogFlags, loadCatalogFromFlags } from '../catalog-flags.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeDiagnostics, writeJson, writeResult } from '../output.ts';
import { excerptReader } from '../source-text.ts';

/** Does `hooks list`: the definitions in force in the order of injection, then those masked and inactive. */
export async function list(flags: CatalogFlags): Promise<ExitStatus> {
  const catalog = await loadCatalogFromFlags(flags);
  const { definitions, masked, inactive, diagnostics } = catalog;
  if (flags.json) {
    writeJson({ definitions, masked, inactive, diagnostics: diagnosticsAsData(diagnostics) });
  } else {
    const rows = [
      ...definitions.map((definition) => [
        definition.name,
        definition.stages.join(','),
        summaryOf(definition),
        definition.path,
      ]),
      ...masked.map(({ name, path, maskedBy }) => [name, '-', `masked by ${maskedBy}`, path]),
      ...inactive.map(({ name, path, hook }) => [name, '-', `inactive: ${hook.path} does not exist`, path]),
    ];
    if (rows.length > 0) writeResult(table([['NAME', 'STAGES', 'WHEN', 'FILE'], ...rows]));
    writeDiagnostics(diagnostics, { warnings: flags.quiet ? 'none' : 'brief', readText: excerptReader() });
  }
  return catalog.hasErrors ? EXIT.no : EXIT.done;
}

/** Gives the conditions of a definition in one line. */
function summaryOf({ when }: HookDefinition): string {
  const parts = [
    ...(when.always === undefined ? [] : [`always=${when.always}`]),
    ...(when.hasBindMounts === undefined ? [] : [`hasBindMounts=${when.hasBindMounts}`]),
    ...Object.entries(when.annotations ?? {}).map(([key, value]) => `${key}: ${value}`),
    ...(when.commands ?? []).map((pattern) => `command ${pattern}`),
  ];
  return parts.join(when.combine === 'all' ? ' and ' : ' or ') || 'never';
}

function table(rows: readonly (readonly string[])[]): string {
  const safe = rows.map((row) => row.map(escapeControls));
  const widths = (safe[0] ?? []).map((_title, column) => Math.max(...safe.map((row) => (row[column] ?? '').length)));
  const lines = safe.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
