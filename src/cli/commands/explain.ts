import type { Catalog } from '../../core/catalog/catalog.ts';
import type { Diagnostic } from '../../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../../core/diagnostic/input-error.ts';
import { escapeControls } from '../../core/diagnostic/quote.ts';
import { diagnosticsAsData } from '../../core/diagnostic/render.ts';
import { explainInjection, planInjection } from '../../core/injection/plan.ts';
import { type RuntimeSetting, runtimeSettings } from '../../core/oci/runtime-setting.ts';
import { type ContainerView, containerFromConfig } from '../../core/when/container.ts';
import type { Verdict } from '../../core/when/verdict.ts';
import { bindMountRule, type CatalogFlags, loadCatalogFromFlags } from '../catalog-flags.ts';
import { placedInConfig, readConfigInput } from '../config-input.ts';
import { describeRuntimeSetting, describeVerdict } from '../describe.ts';
import { EXIT, type ExitStatus, UsageError } from '../exit-status.ts';
import { styled, writeDiagnostics, writeJson, writeNote, writeResult } from '../output.ts';
import { excerptReader } from '../source-text.ts';

/** Flags of `hooks explain`. */
export interface ExplainFlags extends CatalogFlags {
  readonly hook?: string;
}

/** What is said of one definition: its verdict, or why it had no part. */
interface Explanation extends Verdict {
  readonly maskedBy?: string;
  readonly inactive?: boolean;
}

/** Does `hooks explain`: the verdict on every definition, in the order of injection, then those that had no part. */
export async function explain(path: string, flags: ExplainFlags): Promise<ExitStatus> {
  const input = readConfigInput(path);
  const document = input.value;
  if (!document) throw new ConfigError(input.diagnostics);
  const catalog = await loadCatalogFromFlags(flags);
  const container = containerFromConfig(document.config, { hasBindMounts: bindMountRule(flags) });
  const undecided = undecidable(catalog, container).flatMap((thrown) => placedInConfig(thrown, path, document));
  const diagnostics: readonly Diagnostic[] = [...catalog.diagnostics, ...undecided];
  const all = explanations(catalog, container);
  const shown = flags.hook === undefined ? all : all.filter(({ name }) => name === flags.hook);
  if (flags.hook !== undefined && shown.length === 0) {
    throw new UsageError(`there is no definition named ${flags.hook}; see \`hooks list\``);
  }
  const notes = runtimeSettings(document.config);
  if (flags.json) writeJson({ definitions: shown, diagnostics: diagnosticsAsData(diagnostics), notes });
  else writeText(shown, diagnostics, notes, flags);

  if (catalog.hasErrors || undecided.length > 0) return EXIT.no;
  return flags.hook === undefined || shown.some(({ matched }) => matched) ? EXIT.done : EXIT.no;
}

/** What keeps the container from being decided on as a whole, although each definition can be explained. */
function undecidable(catalog: Catalog, container: ContainerView): ConfigError[] {
  if (catalog.hasErrors) return [];
  try {
    planInjection(catalog, container);
    return [];
  } catch (thrown) {
    if (thrown instanceof ConfigError) return [thrown];
    throw thrown;
  }
}

function explanations(catalog: Catalog, container: ContainerView): Explanation[] {
  const unused = { matched: false, stages: [], conditions: [] };
  return [
    ...explainInjection(catalog, container),
    ...catalog.masked.map(({ name, path, maskedBy }) => ({ name, path, ...unused, maskedBy })),
    ...catalog.inactive.map(({ name, path, stages }) => ({ name, path, ...unused, stages, inactive: true })),
  ];
}

function writeText(
  shown: readonly Explanation[],
  diagnostics: readonly Diagnostic[],
  notes: readonly RuntimeSetting[],
  flags: ExplainFlags,
): void {
  const lines = shown.flatMap((explanation) => {
    const [first = '', ...rest] = linesOf(explanation).map(escapeControls);
    return [styled(explanation.matched ? ['green', 'bold'] : ['bold'], first, process.stdout), ...rest];
  });
  if (lines.length > 0) writeResult(`${lines.join('\n')}\n`);
  writeDiagnostics(diagnostics, { warnings: flags.quiet ? 'none' : 'brief', readText: excerptReader() });
  if (flags.quiet) return;
  for (const note of notes) writeNote(describeRuntimeSetting(note));
}

function linesOf(explanation: Explanation): string[] {
  const { name, path, maskedBy, inactive } = explanation;
  if (maskedBy !== undefined) return [`${name}: masked by ${maskedBy} (${path})`];
  if (inactive) return [`${name}: inactive, its program does not exist (${path})`];
  return describeVerdict(explanation);
}
