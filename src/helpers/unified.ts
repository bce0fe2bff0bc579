import type { OciState } from '../core/oci/state.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';
import { applyResourceWish, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `unified` helper is told. */
export interface UnifiedFlags extends HelperFlags {
  /** File -> value; `linux.resources.unified` of config.json where it is empty. */
  readonly set: Readonly<Record<string, string>>;
}

/** Writes files of cgroup v2 by name, for runtimes that do not know `linux.resources.unified`. */
export function applyUnified(state: OciState, flags: UnifiedFlags): HelperReport {
  const isGiven = Object.keys(flags.set).length > 0;
  const unified = isGiven ? flags.set : memberOf(readBundleConfig(state), 'linux', 'resources', 'unified');
  return unified === undefined ? NOTHING_TO_DO : applyResourceWish(state, { unified }, {}, flags);
}
