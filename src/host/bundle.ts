import { join } from 'node:path';
import type { Catalog } from '../core/catalog/catalog.ts';
import { error, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { ConfigError } from '../core/diagnostic/input-error.ts';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { type ConfigText, parseConfigText } from '../core/injection/config-text.ts';
import { editParsedConfig } from '../core/injection/edit.ts';
import { type InjectionPlan, type PlanOptions, planInjection } from '../core/injection/plan.ts';
import { type BindMountRule, containerFromConfig } from '../core/when/container.ts';
import { readBoundedFile } from './file.ts';
import { loadCatalog } from './hook-directories.ts';
import type { Trust } from './trust.ts';
import { decodeUtf8 } from './utf8.ts';
import { reasonOf, writeFileAtomically } from './write-file.ts';

/** The most bytes a config.json may have. */
export const CONFIG_LIMIT: number = 64 * 1024 * 1024;

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

/**
 * Reads a config.json; what is wrong with its content is in the diagnostics.
 *
 * @throws {SystemError} `FILE_READ` when the file cannot be read at all
 */
export function readConfigFile(path: string): Parsed<ConfigText> {
  const content = readBoundedFile(path, CONFIG_LIMIT);
  switch (content.kind) {
    case 'content':
      return parseConfigBytes(path, content.bytes);
    case 'too-large':
      return { diagnostics: [error('CONFIG_TOO_LARGE', { path }, { bytes: content.bytes, limit: CONFIG_LIMIT })] };
    case 'not-regular':
      throw new SystemError('FILE_READ', { path, reason: `it is a ${content.what}, not a file` });
    case 'failed':
      throw new SystemError('FILE_READ', { path, reason: reasonOf(content.error) }, { cause: content.error });
    default:
      return content satisfies never;
  }
}

/** Reads the bytes of a config.json, which must be UTF-8: decoding anything else would change it. */
export function parseConfigBytes(path: string, bytes: Uint8Array): Parsed<ConfigText> {
  const decoded = decodeUtf8(bytes);
  if ('text' in decoded) return parseConfigText(decoded.text, path);
  return { diagnostics: [error('CONFIG_INVALID_UTF8', { path, at: decoded.at }, { byteOffset: decoded.invalidAt })] };
}
