import {
  applyPlan,
  ConfigError,
  containerFromConfig,
  editConfigText,
  loadCatalog,
  type OciConfig,
  planInjection,
} from '../../src/index.ts';
import type { OracleHook, OracleStages } from './oracle.ts';

/** A container and the directories to ask about, as both sides get them. */
export interface InjectInput {
  readonly directories: readonly string[];
  readonly extensionStages: readonly string[];
  readonly hasBindMounts: boolean;
  readonly config: string;
}

/** What this library answers, in the words of the oracle. */
export interface OwnAnswer {
  /** Files with an error, and definitions left out because their hook's path is missing. */
  readonly invalid: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  /** An error that no input may bring about. */
  readonly crash?: string;
  /** Why there is no plan although all definitions loaded. */
  readonly matchError?: string;
  readonly injected?: OwnInjection;
}

/** Paths of definition files by stage. */
export type Sources = Readonly<Record<string, readonly string[]>>;

/** A plan that was made and carried out. */
export interface OwnInjection {
  readonly editedText: string;
  /** The hooks of `applyPlan`; null when the config has none. */
  readonly applied: OracleStages | null;
  readonly extension: OracleStages;
  /** By stage, the file each injected hook comes from, in order. */
  readonly sources: Sources;
  readonly extensionSources: Sources;
}

/** Asks this library, through its public interface alone, what the driver asks the reference. */
export async function ownAnswer(input: InjectInput): Promise<OwnAnswer> {
  try {
    return await answer(input);
  } catch (error) {
    // One case that crashes must not hide the others.
    return {
      invalid: new Set(),
      missing: new Set(),
      crash: error instanceof Error ? (error.stack ?? '') : String(error),
    };
  }
}

async function answer(input: InjectInput): Promise<OwnAnswer> {
  const catalog = await loadCatalog(input.directories, { extensionStages: input.extensionStages, trust: 'ignore' });
  const invalid = new Set(catalog.diagnostics.filter(({ severity }) => severity === 'error').map(({ path }) => path));
  const missing = new Set(
    catalog.diagnostics
      .filter(({ code }) => code === 'HOOK_PATH_MISSING' || code === 'HOOK_PATH_IN_CONTAINER')
      .map(({ path }) => path),
  );
  if (invalid.size > 0) return { invalid, missing };

  const config = JSON.parse(input.config) as OciConfig; // as: the generator writes well-typed configs
  const pathOf = (name: string): string =>
    catalog.definitions.find((definition) => definition.name === name)?.path ?? name;
  const container = containerFromConfig(config, { hasBindMounts: input.hasBindMounts });
  try {
    const plan = planInjection(catalog, container, { duplicates: 'keep' });
    return {
      invalid,
      missing,
      injected: {
        editedText: editConfigText(input.config, plan),
        applied: stagesOf(applyPlan(config, plan).hooks),
        extension: stagesOf(mapStages(plan.extension, (entries) => entries.map(({ hook }) => hook))) ?? {},
        sources: mapStages(byStage(plan.entries), (entries) => entries.map(({ definition }) => pathOf(definition))),
        extensionSources: mapStages(plan.extension, (entries) => entries.map(({ definition }) => pathOf(definition))),
      },
    };
  } catch (error) {
    if (error instanceof ConfigError) return { invalid, missing, matchError: error.code };
    throw error;
  }
}

/** Gives hooks as the driver writes them: by stage, empty ones left out, the timeout as text. */
export function stagesOf(hooks: object | null | undefined): OracleStages | null {
  if (hooks === null || hooks === undefined) return null;
  const stages: Record<string, OracleHook[]> = {};
  for (const [stage, entries] of Object.entries(hooks)) {
    if (!Array.isArray(entries) || entries.length === 0) continue;
    stages[stage] = entries.map(hookOf);
  }
  return stages;
}

function byStage<T extends { readonly stage: string }>(entries: readonly T[]): Readonly<Record<string, readonly T[]>> {
  const stages = new Set(entries.map(({ stage }) => stage));
  return Object.fromEntries(Array.from(stages, (name) => [name, entries.filter(({ stage }) => stage === name)]));
}

function mapStages<T, U>(stages: Readonly<Record<string, T>>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(stages).map(([stage, value]) => [stage, change(value)]));
}

function hookOf(entry: {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number | bigint;
}): OracleHook {
  return {
    path: entry.path,
    ...(entry.args?.length && { args: entry.args }),
    ...(entry.env?.length && { env: entry.env }),
    ...(entry.timeout !== undefined && { timeout: String(entry.timeout) }),
  };
}
