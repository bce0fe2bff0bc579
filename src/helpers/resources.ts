import type { ExactJson } from '../core/oci/exact-json.ts';
import type { OciState } from '../core/oci/state.ts';
import type { ResourcePlanOptions } from '../linux/cgroup/resource-plan.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';
import { applyResourceWish, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `resources` helper is told. */
export interface ResourcesFlags extends HelperFlags, Omit<ResourcePlanOptions, 'cgroup' | 'currentMemoryLimit'> {
  /** A linux.resources object of the administrator's; that of config.json where it is absent. */
  readonly resources?: ExactJson;
}

/** Applies linux.resources once more: for runtimes that leave them undone, or in another dialect. */
export function applyContainerResources(state: OciState, flags: ResourcesFlags): HelperReport {
  const resources = flags.resources ?? memberOf(readBundleConfig(state), 'linux', 'resources');
  return resources === undefined ? NOTHING_TO_DO : applyResourceWish(state, resources, flags, flags);
}
