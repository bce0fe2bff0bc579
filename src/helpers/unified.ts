import type { OciState } from '../core/oci/state.ts';
import { grantedUnified } from './annotation-wish.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';
import { applyResourceWish, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `unified` helper is told. */
export interface UnifiedFlags extends HelperFlags {
  /** File -> value; where it is empty the annotations, and without any `linux.resources.unified` of config.json. */
  readonly set: Readonly<Record<string, string>>;
}

/** Writes files of cgroup v2 by name, for runtimes that do not know `linux.resources.unified`. */
export async function applyUnified(state: OciState, flags: UnifiedFlags): Promise<HelperReport> {
  const unified =
    filled(flags.set) ??
    filled(await grantedUnified(state, flags.policy)) ??
    memberOf(readBundleConfig(state), 'linux', 'resources', 'unified');
  return unified === undefined ? NOTHING_TO_DO : applyResourceWish(state, { unified }, {}, flags);
}

function filled(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> | undefined {
  return Object.keys(files).length > 0 ? files : undefined;
}
