import { join } from 'node:path';
import type { Catalog } from '../core/catalog/catalog.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { editParsedConfig } from '../core/injection/edit.ts';
import { type InjectionPlan, type PlanOptions, planInjection } from '../core/injection/plan.ts';
import { type BindMountRule, containerFromConfig } from '../core/when/container.ts';
import { readConfigFile } from './bundle.ts';
import { loadCatalog } from './hook-directories.ts';
import type { Trust } from './trust.ts';
import { writeFileAtomically } from './write-file.ts';

/** How a bundle's hooks are injected: a catalog, or the directories to load one from. */
export interface InjectBundleOptions extends PlanOptions {
  readonly catalog?: Catalog;
  /** Least preferred first; used when no catalog is given. */
  readonly directories?: readonly string[];
  readonly extensionStages?: readonly string[];
  readonly hasBindMounts?: BindMountRule;
  readonly trust?: Trust;
}

/**
 * Injects the hooks that match into the config.json of a bundle. The file is replaced whole, and only when something
 * changes.
 *
 * @throws {DefinitionError} when a definition has an error
 * @throws {ConfigError} when the config cannot be read as one or not be decided on
 * @throws {SystemError} `FILE_READ`, `FILE_WRITE`
 */
export async function injectBundle(bundleDirectory: string, options: InjectBundleOptions): Promise<InjectionPlan> {
  const path = join(bundleDirectory, 'config.json');
  const parsed = readConfigFile(path);
  if (!parsed.value) throw new ConfigError(parsed.diagnostics);
  const { extensionStages, trust } = options;
  const catalog =
    options.catalog ??
    (await loadCatalog(options.directories ?? [], {
      ...(extensionStages && { extensionStages }),
      ...(trust && { trust }),
    }));
  const container = containerFromConfig(parsed.value.config, { hasBindMounts: options.hasBindMounts ?? 'user' });
  const plan = planInjection(catalog, container, options);
  const edited = editParsedConfig(parsed.value, plan);
  if (edited !== parsed.value.text) writeFileAtomically(path, Buffer.from(edited));
  return plan;
}
