import type { ExactJson } from '../../core/oci/exact-json.ts';
import { isExactObject } from '../../core/oci/exact-json.ts';
import type { Conversion } from './cgroup-write.ts';
import { planResources, type ResourcePlanOptions } from './resource-plan.ts';

/** Members of linux.resources that end in a container_spec_* series of cAdvisor, each planned by itself. */
const MEMBERS: readonly (readonly [part: string, members: readonly string[]])[] = [
  ['memory', ['limit', 'swap', 'reservation']],
  ['cpu', ['shares', 'quota', 'period']],
  ['pids', ['limit']],
];

/** Files of cgroup v2 that cAdvisor's spec reads, which `unified` may name; memory.low is there for people. */
const UNIFIED: readonly string[] = [
  'cpu.max',
  'cpu.weight',
  'memory.low',
  'memory.max',
  'memory.min',
  'memory.swap.max',
  'pids.max',
];

/**
 * Gives the writes that make a directory say what a container's limits are, by the rules of runc. A fault in one part of the
 * resources keeps the others: who reads the files is to see as much as can be said.
 * Source: google/cadvisor container/common/helpers.go, getSpecInternal.
 */
export function specFiles(
  resources: ExactJson,
  version: 1 | 2,
  options: Pick<ResourcePlanOptions, 'weightFormula' | 'reservation'>,
): Conversion {
  const out: Conversion = { writes: [], ignored: [], problems: [] };
  const add = (json: ExactJson): void => {
    const { writes, ignored, problems } = planResources(json, {
      cgroup: version,
      weightFormula: options.weightFormula,
      reservation: options.reservation,
    });
    out.writes.push(...writes);
    out.ignored.push(...ignored);
    out.problems.push(...problems);
  };
  if (!isExactObject(resources)) {
    add(resources);
    return out;
  }
  for (const [part, members] of MEMBERS) {
    const value = resources[part];
    if (isExactObject(value)) add({ [part]: only(value, members) });
    else if (value !== undefined) add({ [part]: value });
  }
  const { unified } = resources;
  // On v1 the runtimes refuse it, so the container that is starting has none that counts.
  if (version === 2 && isExactObject(unified)) add({ unified: only(unified, UNIFIED) });
  return out;
}

function only(
  object: { readonly [key: string]: ExactJson },
  keys: readonly string[],
): { readonly [key: string]: ExactJson } {
  return Object.fromEntries(keys.flatMap((key) => (object[key] === undefined ? [] : [[key, object[key]]])));
}
