import type { Catalog } from '../core/catalog/catalog.ts';
import type { BindMountRule } from '../core/when/container.ts';
import { EXECUTABLE } from '../host/executable.ts';
import { DEFAULT_HOOK_DIRECTORIES, loadCatalogAbove } from '../host/hook-directories.ts';
import { childOf, parentOf } from '../host/path.ts';

/** The flags of every command that loads definitions. */
export interface CatalogFlags {
  readonly hooksDir?: readonly string[];
  readonly builtin?: boolean;
  readonly extensionStage?: readonly string[];
  readonly hasBindMounts: 'user' | 'any' | 'true' | 'false';
  readonly strictPermissions?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The directory of the shipped definitions; the single executable carries their texts instead. */
export const BUILTIN_DIRECTORY: string = childOf(parentOf(parentOf(import.meta.dirname)), 'hooks.d');

/** Loads the catalog that the flags ask for. */
export function loadCatalogFromFlags(flags: CatalogFlags, extensionStages: readonly string[] = []): Promise<Catalog> {
  const asked = flags.hooksDir ?? DEFAULT_HOOK_DIRECTORIES;
  const carried = flags.builtin ? EXECUTABLE?.definitions : undefined;
  const directories = flags.builtin && !carried ? [BUILTIN_DIRECTORY, ...asked] : asked;
  return loadCatalogAbove(carried ?? [], directories, {
    extensionStages: [...(flags.extensionStage ?? []), ...extensionStages],
    trust: flags.strictPermissions ? 'refuse' : 'warn',
  });
}

/** Gives the rule for hasBindMounts as the library takes it. */
export function bindMountRule({ hasBindMounts }: Pick<CatalogFlags, 'hasBindMounts'>): BindMountRule {
  switch (hasBindMounts) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'user':
    case 'any':
      return hasBindMounts;
    default:
      return hasBindMounts satisfies never;
  }
}
