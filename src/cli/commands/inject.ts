import type { Catalog } from '../../core/catalog/catalog.ts';
import { ConfigError } from '../../core/diagnostic/input-error.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import type { ConfigText } from '../../core/injection/config-text.ts';
import { editParsedConfig } from '../../core/injection/edit.ts';
import { type InjectionPlan, type PlanOptions, planInjection } from '../../core/injection/plan.ts';
import { containerFromConfig } from '../../core/when/container.ts';
import { isSameFile } from '../../host/link.ts';
import { bindMountRule, type CatalogFlags, loadCatalogFromFlags } from '../catalog-flags.ts';
import { placedInConfig, readConfigInput } from '../config-input.ts';
import { describePlan } from '../describe.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { toJson, writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';
import { injectionReport } from '../report.ts';
import { excerptReader } from '../source-text.ts';

/** Flags of `hooks inject`. */
export interface InjectFlags extends CatalogFlags {
  readonly inPlace?: boolean;
  readonly output?: string;
  readonly dryRun?: boolean;
  readonly report?: string;
  readonly prestart: NonNullable<PlanOptions['prestart']>;
  readonly duplicates: NonNullable<PlanOptions['duplicates']>;
  readonly runPrecreate?: boolean;
  readonly runtime?: string;
}

const PRECREATE = 'precreate';

/** Does `hooks inject`: plans, edits the config's text, and writes it where the flags say. */
export async function inject(path: string, flags: InjectFlags): Promise<ExitStatus> {
  checkFlags(path, flags);
  const input = readConfigInput(path);
  if (!input.value) throw new ConfigError(input.diagnostics);
  const catalog = await loadCatalogFromFlags(flags, flags.runPrecreate ? [PRECREATE] : []);
  if (catalog.hasErrors) return refuse(catalog, flags);

  const plan = planFor(path, input.value, catalog, flags);
  const edited = await editedText(input.value, plan, flags);
  await writeNotes(catalog, plan, flags);
  const report = (): string => `${toJson({ schemaVersion: 1, ...injectionReport(plan) })}\n`;
  if (flags.report !== undefined) await writeFile(flags.report, report());
  await writeEdited(path, input.value, edited, flags);
  if (flags.json) writeResult(report());
  return EXIT.done;
}

function checkFlags(path: string, flags: InjectFlags): void {
  const targets = [flags.inPlace, flags.output !== undefined, flags.dryRun].filter(Boolean).length;
  if (targets > 1) throw new UsageError('--in-place, --output and --dry-run exclude one another');
  if (flags.inPlace && path === '-') throw new UsageError('--in-place needs a file, not standard input');
  if (flags.output === '') throw new UsageError('--output needs the name of a file');
  if (flags.report !== undefined && overwrites(flags.report, [path, flags.output])) {
    throw new UsageError('--report needs a file of its own: the config or the output would be lost');
  }
  if (flags.report === '-') throw new UsageError('--report needs a file; --json prints the report');
  if (flags.json && flags.output === '-') throw new UsageError('--json and --output - both want standard output');
  if (flags.json && targets === 0) {
    throw new UsageError('--json prints the report, so it needs --in-place, --output or --dry-run for the config');
  }
}

function overwrites(report: string, others: readonly (string | undefined)[]): boolean {
  return report !== '-' && others.some((other) => other !== undefined && other !== '-' && isSameFile(report, other));
}

/** Loaded by who writes a file: most print the config. */
async function writeFile(path: string, text: string): Promise<void> {
  const { writeFileAtomically } = await import('../../host/write-file.ts');
  writeFileAtomically(path, Buffer.from(text));
}

function refuse(catalog: Catalog, flags: InjectFlags): ExitStatus {
  const warnings = flags.quiet ? 'none' : 'full';
  if (flags.json) {
    writeJson({ hooks: {}, extension: {}, skipped: [], diagnostics: diagnosticsAsData(catalog.diagnostics) });
  }
  writeDiagnostics(catalog.diagnostics, { warnings, readText: excerptReader() });
  writeNote('hooks: nothing was injected');
  return EXIT.no;
}

function planFor(path: string, document: ConfigText, catalog: Catalog, flags: InjectFlags): InjectionPlan {
  const container = containerFromConfig(document.config, { hasBindMounts: bindMountRule(flags) });
  try {
    return planInjection(catalog, container, flags);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    throw new ConfigError(placedInConfig(thrown, path, document), { cause: thrown });
  }
}

async function editedText(document: ConfigText, plan: InjectionPlan, flags: InjectFlags): Promise<string> {
  const edited = editParsedConfig(document, plan);
  const filters = plan.extension[PRECREATE] ?? [];
  if (!flags.runPrecreate || filters.length === 0) return edited;
  const [{ parseConfigText }, { runConfigFilters }] = await Promise.all([
    import('../../core/injection/config-text.ts'),
    import('../../host/config-filter.ts'),
  ]);
  const reread = parseConfigText(edited);
  if (!reread.value) throw new ConfigError(reread.diagnostics);
  const filtered = await runConfigFilters(
    filters.map(({ hook }) => hook),
    reread.value,
  );
  return filtered.text;
}

async function writeEdited(path: string, document: ConfigText, edited: string, flags: InjectFlags): Promise<void> {
  if (flags.inPlace) {
    if (edited !== document.text) await writeFile(path, edited);
  } else if (flags.output !== undefined && flags.output !== '-') {
    await writeFile(flags.output, edited);
  } else if (!flags.dryRun) {
    writeResult(edited);
  } else if (!flags.json) {
    const { unifiedDiff } = await import('../unified-diff.ts');
    writeResult(unifiedDiff(path, document.text, edited));
  }
}

async function writeNotes(catalog: Catalog, plan: InjectionPlan, flags: InjectFlags): Promise<void> {
  const { runtime } = flags;
  const stageWarnings =
    runtime === undefined
      ? []
      : await (await import('../runtime-stages.ts')).unsupportedStages(runtime, catalog.definitions);
  if (flags.quiet) return;
  writeDiagnostics([...plan.diagnostics, ...stageWarnings], { warnings: 'brief' });
  for (const line of describePlan(plan, catalog, flags.runPrecreate ?? false)) writeNote(line);
}
