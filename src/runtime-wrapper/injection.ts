import { join, resolve } from 'node:path';
import type { Catalog } from '../core/catalog/catalog.ts';
import { isObject } from '../core/definition/keys.ts';
import { ConfigError, DefinitionError } from '../core/diagnostic/input-error.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { newEntries } from '../core/injection/apply.ts';
import type { ConfigText } from '../core/injection/config-text.ts';
import { editParsedConfig } from '../core/injection/edit.ts';
import { type InjectionPlan, type PlannedHook, planInjection } from '../core/injection/plan.ts';
import type { OciHooks } from '../core/oci/config.ts';
import { type ContainerView, containerFromConfig } from '../core/when/container.ts';
import { parseConfigBytes, readConfigFile } from '../host/bundle.ts';
import { EXECUTABLE } from '../host/executable.ts';
import { loadCatalogAbove } from '../host/hook-directories.ts';
import { writeFileAtomically } from '../host/write-file.ts';
import type { RuntimeCall } from './command-line.ts';
import type { RuntimeSettings } from './settings.ts';

/** The stage whose hooks rewrite the config before the container is made; Podman's word for it. */
const PRECREATE = 'precreate';

/** What was done to a bundle. */
export interface Injection {
  readonly plan: InjectionPlan;
  /** How many hooks were added; those that are there already are not. */
  readonly added: number;
  /** Definitions whose hooks run without a record, although records were asked for. */
  readonly unrecorded: readonly string[];
}

/**
 * Injects the hooks that match into the config of a call's bundle, and passes it through the precreate hooks that match.
 * The file is replaced whole, and only when something changes; without definitions it is not even read.
 *
 * @throws {DefinitionError} when a definition has an error or cannot be trusted
 * @throws {ConfigError} when the config cannot be read as one or not be decided on
 * @throws {SystemError} `FILE_READ`, `FILE_WRITE`, and as `runConfigFilters`
 */
export async function injectHooks(call: RuntimeCall, settings: RuntimeSettings): Promise<Injection | undefined> {
  const catalog = await loadDefinitions(settings);
  if (catalog.hasErrors) throw new DefinitionError(catalog.diagnostics);
  if (catalog.definitions.length === 0) return undefined;
  const path = configPath(call);
  const document = readConfigFile(path);
  if (!document.value) throw new ConfigError(document.diagnostics);
  const container = await withOriginalHooks(containerFromConfig(document.value.config, settings));
  const plan = planInjection(catalog, container, settings);
  const recorded = settings.recordHooks ? await recordedPlan(plan, call.id ?? '') : { plan, unrecorded: [] };
  const { hooks } = document.value.config;
  const added = [...newEntries(recorded.plan, (stage) => hooks?.[stage]).values()].flat().length;
  const edited = editParsedConfig(document.value, recorded.plan);
  const filtered = await filteredText(path, edited, plan);
  if (filtered !== document.value.text) writeFileAtomically(path, Buffer.from(filtered));
  return { plan, added, unrecorded: recorded.unrecorded };
}

function loadDefinitions({ hooksDirs, builtin }: RuntimeSettings): Promise<Catalog> {
  const carried = builtin ? EXECUTABLE?.definitions : undefined;
  const beside = builtin && !carried ? [join(import.meta.dirname, '../../hooks.d')] : [];
  return loadCatalogAbove(carried ?? [], [...beside, ...hooksDirs], { extensionStages: [PRECREATE], trust: 'refuse' });
}

/** What bytes that are no UTF-8 were read as. */
const REPLACEMENT = '\uFFFD';

/**
 * Gives the path of the config. crun takes `--config` from the working directory, unless it is the usual name. Source: crun,
 * create.c.
 *
 * @throws {SystemError} `FILE_READ` where the path is no UTF-8: as text it may name the config of another container
 */
function configPath({ bundle = '.', config }: RuntimeCall): string {
  const path = config === undefined || config === 'config.json' ? resolve(bundle, 'config.json') : resolve(config);
  if (path.includes(REPLACEMENT)) throw new SystemError('FILE_READ', { path, reason: 'its path is no UTF-8' });
  return path;
}

/** Has an entry that runs recorded count as the hook that it runs; most configs have none. */
async function withOriginalHooks(container: ContainerView): Promise<ContainerView> {
  const { hooks } = container;
  if (hooks === undefined || !mayBeRecorded(hooks)) return container;
  const [{ originalHooks }, { ownProgram }] = await Promise.all([
    import('./recorded-hook.ts'),
    import('../host/own-program.ts'),
  ]);
  return { ...container, hooks: originalHooks(hooks, ownProgram()) };
}

function mayBeRecorded(hooks: OciHooks): boolean {
  for (const entries of Object.values(hooks)) {
    if (!Array.isArray(entries)) continue;
    for (const entry of entries) {
      const args: unknown = isObject(entry) ? entry['args'] : undefined;
      if (Array.isArray(args) && args.includes('exec-hook')) return true;
    }
  }
  return false;
}

async function recordedPlan(plan: InjectionPlan, id: string): Promise<Omit<Injection, 'added'>> {
  const [{ isRecordable, recordedHook }, { ownProgram }, { makeRoomForRuns }] = await Promise.all([
    import('./recorded-hook.ts'),
    import('../host/own-program.ts'),
    import('../host/hook-runs.ts'),
  ]);
  const program = ownProgram();
  const unrecorded: string[] = [];
  const entries = plan.entries.map((planned): PlannedHook => {
    if (isRecordable(planned, id)) return { ...planned, hook: recordedHook(planned, id, program) };
    unrecorded.push(planned.definition);
    return planned;
  });
  if (entries.length > unrecorded.length) makeRoomForRuns();
  const { extension, skipped, matched, duplicates, diagnostics } = plan;
  const recorded: InjectionPlan = {
    entries,
    extension,
    skipped,
    matched,
    duplicates,
    diagnostics,
    // Worked out only when asked for.
    get verdicts() {
      return plan.verdicts;
    },
    get matchedVerdicts() {
      return plan.matchedVerdicts;
    },
  };
  return { plan: recorded, unrecorded };
}

async function filteredText(path: string, text: string, plan: InjectionPlan): Promise<string> {
  const filters = plan.extension[PRECREATE] ?? [];
  if (filters.length === 0) return text;
  const { runConfigFilters } = await import('../host/config-filter.ts');
  const document: ConfigText | undefined = parseConfigBytes(path, Buffer.from(text)).value;
  if (!document) throw new TypeError('a config that was edited cannot be read any more');
  const filtered = await runConfigFilters(
    filters.map(({ hook }) => hook),
    document,
  );
  return filtered.text;
}
