import { SystemError } from '../core/diagnostic/system-error.ts';
import type { OciState } from '../core/oci/state.ts';
import { closeTarget, openTarget } from '../linux/cgroup/cgroup-target.ts';
import type { TextProperty } from '../linux/systemd/property-text.ts';
import { findUnit, setTextProperties } from '../linux/systemd/unit.ts';
import { unitOfCgroup } from '../linux/systemd/unit-of-cgroup.ts';
import { grantedProperties } from './annotation-wish.ts';
import { containerPid } from './container-pid.ts';
import { type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `systemd-props` helper is told. */
export interface SystemdPropsFlags extends HelperFlags {
  /** Those of the annotations where it is empty. */
  readonly properties: readonly TextProperty[];
}

/**
 * Sets properties of the unit that holds the container, until it ends: also where the container is in a sub-cgroup of it, as
 * with crun.
 *
 * @throws {SystemError} `SYSTEMD_UNIT_NONE` when no unit holds the container, `SYSTEMD_CALL` when systemd refuses
 */
export async function applySystemdProperties(state: OciState, flags: SystemdPropsFlags): Promise<HelperReport> {
  const properties = flags.properties.length > 0 ? flags.properties : await grantedProperties(state, flags.policy);
  if (properties.length === 0) return NOTHING_TO_DO;
  const pid = containerPid(state, flags.sandbox === true);
  const target = openTarget({ pid });
  try {
    const owner = unitOfCgroup(target.path);
    const isOwn = owner !== undefined && !owner.unit.endsWith('.slice');
    const unit = isOwn ? findUnit(owner) : undefined;
    // A slice holds other containers too, so it is never the one meant.
    if (unit === undefined) throw new SystemError('SYSTEMD_UNIT_NONE', { path: target.path });
    const deeds = properties.map(({ name, signature, words }) => ['property', name, signature, words] as const);
    const unknown = flags.dryRun === true ? [] : setTextProperties(unit, properties);
    const warnings = unknown.map(({ name }) => `this systemd (${unit.version}) does not know ${name}`);
    return { cgroup: target.path, deeds, ignored: [], warnings };
  } finally {
    closeTarget(target);
  }
}
