import { resolveCgroupsPath } from '../../linux/cgroup/cgroups-path.ts';
import { type CgroupProblem, problem } from '../../linux/cgroup/problem.ts';
import { slicePath } from '../../linux/systemd/slice.ts';

/** How the cgroups of a sandbox are wanted. */
export interface OverheadWish {
  /** The sandbox's id, which names its overhead cgroup. */
  readonly id: string;
  /** `linux.cgroupsPath` of the sandbox, or the administrator's own choice. */
  readonly cgroupsPath: string;
  /** One cgroup for everything; else the vCPU threads are kept apart from the overhead. */
  readonly cgroupOnly: boolean;
  readonly threads: 'process' | 'threaded';
  /** A directory (`/kata_overhead`) or a slice (`kata-overhead.slice`, `kata-overhead.slice:prefix`). */
  readonly overheadCgroup: string;
  /** The version that controllers are on. */
  readonly version: 1 | 2;
}

/** A cgroup by its path from the root of the hierarchy; systemd makes those that have a unit. */
export interface CgroupName {
  readonly path: string;
  readonly unit?: { readonly name: string; readonly slice: string };
}

/** Which cgroups a sandbox has, and who goes where. */
export interface OverheadLayout {
  /**
   * `none`: all in one. `threads`: v1, where each thread has its place. `processes`: v2, where the monitor goes to the
   * sandbox's cgroup as a whole. `threaded`: v2, with two threaded cgroups below the sandbox's.
   */
  readonly split: 'none' | 'threads' | 'processes' | 'threaded';
  readonly sandbox: CgroupName;
  /** Undefined where all is in one. */
  readonly overhead: CgroupName | undefined;
  /** Where vCPU threads go. cpuset and devices are set there. */
  readonly vcpu: string;
  /** Where the monitor's other threads go. */
  readonly monitor: string;
  /** Where other processes go. */
  readonly others: string;
}

/** A layout, or everything that is wrong with the wish. */
export type PlannedLayout = { readonly layout: OverheadLayout } | { readonly problems: readonly CgroupProblem[] };

/** The prefix of an overhead scope, where none is given. */
const OVERHEAD_PREFIX = 'kata-overhead';

/** Says which cgroups a sandbox gets. Names are Kata's: `kata_BASE` beside the pod's containers, `kata_overhead/ID`. */
export function planLayout(wish: OverheadWish): PlannedLayout {
  const sandbox = sandboxName(wish);
  if ('problem' in sandbox) return { problems: [sandbox.problem] };
  const { value } = sandbox;
  const { path } = value;
  if (wish.cgroupOnly) {
    return { layout: { split: 'none', sandbox: value, overhead: undefined, vcpu: path, monitor: path, others: path } };
  }
  if (wish.version === 2 && wish.threads === 'threaded') {
    const [vcpu, overhead] = [`${path}/vcpu`, `${path}/overhead`];
    const layout = { sandbox: value, overhead: { path: overhead }, vcpu, monitor: overhead, others: overhead };
    return { layout: { split: 'threaded', ...layout } };
  }
  const overhead = overheadName(wish);
  if ('problem' in overhead) return { problems: [overhead.problem] };
  const others = overhead.value.path;
  const split = wish.version === 1 ? 'threads' : 'processes';
  const monitor = split === 'threads' ? others : path;
  return { layout: { split, sandbox: value, overhead: overhead.value, vcpu: path, monitor, others } };
}

type Named = { readonly value: CgroupName } | { readonly problem: CgroupProblem };

function sandboxName({ id, cgroupsPath, cgroupOnly, version }: OverheadWish): Named {
  // Kata would name it /kata_vc for every sandbox without a path; each needs one of its own to be removed with.
  const path = cgroupsPath === '' ? `/vc/${id}` : cgroupsPath;
  const resolved = resolveCgroupsPath({ cgroupsPath: path, id, runtime: 'kata', cgroup: version });
  if ('problem' in resolved) return resolved;
  const { slice, unit, path: place } = resolved.value;
  if (slice === undefined || unit === undefined) return { value: { path: place } };
  if (cgroupOnly || version === 2) return { value: { path: place, unit: { name: unit, slice } } };
  // On v1 a unit holds processes and never single threads: a directory beside the pod's scopes does.
  const name = unit.slice(0, -'.scope'.length);
  return { value: { path: `${place.slice(0, place.lastIndexOf('/'))}/kata_${name}` } };
}

function overheadName({ id, overheadCgroup, version }: OverheadWish): Named {
  const [base = '', prefix = OVERHEAD_PREFIX, ...rest] = overheadCgroup.split(':');
  if (!base.endsWith('.slice') || base.startsWith('/')) {
    const resolved = resolveCgroupsPath({
      cgroupsPath: `${overheadCgroup}/${id}`,
      id,
      driver: 'cgroupfs',
      runtime: 'crun',
    });
    if ('problem' in resolved) return { problem: { ...resolved.problem, field: '--overhead-cgroup' } };
    return { value: { path: resolved.value.path } };
  }
  const parent = slicePath(base);
  if (parent === undefined || rest.length > 0) return { problem: problem('SLICE_NAME', '--overhead-cgroup') };
  const name = `${prefix}-${id}.scope`;
  if (prefix.includes('/') || name.length > 255) return { problem: problem('UNIT_NAME', '--overhead-cgroup') };
  const below = parent === '/' ? '' : parent;
  if (version === 1) return { value: { path: `${below}/${prefix}-${id}` } };
  return { value: { path: `${below}/${name}`, unit: { name, slice: base } } };
}
