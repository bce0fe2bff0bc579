import { slicePath } from '../systemd/slice.ts';
import { type CgroupProblem, problem } from './problem.ts';

/** What decides where a runtime puts a container. */
export interface CgroupsPathOptions {
  /** `linux.cgroupsPath` of config.json; empty where it is absent. */
  readonly cgroupsPath: string;
  /** The container's id. */
  readonly id: string;
  /** Undefined: `systemd` where the path has the form `slice:prefix:name`, else `cgroupfs`. */
  readonly driver?: 'cgroupfs' | 'systemd' | undefined;
  readonly runtime?: 'runc' | 'crun' | 'kata' | undefined;
  /** The user whose systemd runs the unit; undefined for the system's. */
  readonly rootlessUid?: number | undefined;
  readonly cgroup?: 1 | 2 | undefined;
  /** The cgroup that the runtime itself is in; `/` where it is not known. runc counts relative paths from there. */
  readonly ownCgroup?: string | undefined;
  /** crun's annotation run.oci.systemd.subgroup; undefined where it is absent. */
  readonly subgroup?: string | undefined;
}

/** Where a container goes: `path` counts from the root of the hierarchy; slice and unit are undefined under cgroupfs. */
export interface CgroupsPath {
  readonly path: string;
  readonly slice: string | undefined;
  readonly unit: string | undefined;
}

/** A place, or why there is none. */
export type ResolvedCgroupsPath = { readonly value: CgroupsPath } | { readonly problem: CgroupProblem };

const FIELD = 'cgroupsPath';

/**
 * Gives the cgroup that a runtime makes for a container. Unlike the runtimes, which clean `..` away without a word, a
 * path that would leave the hierarchy, or that names its root, is refused.
 * Source: runc specconv.CreateCgroupConfig, opencontainers/cgroups fs2 and systemd; crun cgroup-systemd.c, cgroup.c; Kata's
 * Go runtime, pkg/resourcecontrol.
 */
export function resolveCgroupsPath(options: CgroupsPathOptions): ResolvedCgroupsPath {
  const { cgroupsPath, id } = options;
  if (!/^[\w+.-]{1,1024}$/.test(id) || id === '.' || id === '..') return { problem: problem('ID_INVALID', 'id') };
  if (/[\u0000-\u001f\u007f]/.test(cgroupsPath)) return { problem: problem('CGROUPS_PATH_CHARACTER', FIELD) };
  const driver = options.driver ?? (isSystemdForm(cgroupsPath, options.runtime) ? 'systemd' : 'cgroupfs');
  return driver === 'systemd' ? systemdPath(options) : cgroupfsPath(options);
}

function isSystemdForm(path: string, runtime: CgroupsPathOptions['runtime']): boolean {
  const parts = path.split(':');
  if (path.startsWith('/') || parts.length !== 3) return false;
  // Kata takes nothing for systemd's that does not begin with a slice.
  return runtime !== 'kata' || parts[0]?.endsWith('.slice') === true;
}

function cgroupfsPath(options: CgroupsPathOptions): ResolvedCgroupsPath {
  const { cgroupsPath, id, runtime = 'runc', cgroup = 2, ownCgroup = '/' } = options;
  let path = cgroupsPath;
  if (runtime === 'kata' && isSystemdForm(cgroupsPath, runtime)) {
    // With an overhead cgroup Kata has no unit made: it makes one directory of this whole name, without its prefix.
    path = `/${cgroupsPath}`;
  } else if (runtime === 'kata') {
    // The sandbox's cgroup is named after the last element, and what is relative lies under /vc.
    const whole = cgroupsPath === '' ? '/vc' : cgroupsPath.startsWith('/') ? cgroupsPath : `/vc/${cgroupsPath}`;
    path = whole.replace(/([^/]+)\/*$/, 'kata_$1');
  } else if (cgroupsPath === '') {
    path = runtime === 'crun' ? `/${id}` : id;
  }
  if (path.startsWith('/') || runtime !== 'runc') return below('/', path);
  // On v2 the runtime's own cgroup has processes, so it cannot hold a cgroup with limits: its parent does.
  return below(cgroup === 2 ? parentOf(ownCgroup) : ownCgroup, path);
}

function systemdPath(options: CgroupsPathOptions): ResolvedCgroupsPath {
  const { runtime = 'runc', rootlessUid, cgroup = 2 } = options;
  const named = UNIT_OF[runtime](options);
  if ('problem' in named) return named;
  const { slice, unit } = named;
  const base = slicePath(slice);
  if (base === undefined) return { problem: problem('SLICE_NAME', `${FIELD}.slice`) };
  if (unit === '' || unit.includes('/') || unit.length > 255) return { problem: problem('UNIT_NAME', `${FIELD}.name`) };
  const manager = rootlessUid === undefined ? '' : `/user.slice/user-${rootlessUid}.slice/user@${rootlessUid}.service`;
  const subgroup = runtime === 'crun' ? (options.subgroup ?? (cgroup === 2 ? 'container' : '')) : '';
  const whole = below('/', `${manager}${base === '/' ? '' : base}/${unit}/${subgroup}`);
  return 'problem' in whole ? whole : { value: { path: whole.value.path, slice, unit } };
}

type NamedUnit = { readonly slice: string; readonly unit: string } | { readonly problem: CgroupProblem };

function runcUnit({ cgroupsPath, id, rootlessUid }: CgroupsPathOptions): NamedUnit {
  const parts = cgroupsPath === '' ? ['', 'runc', id] : cgroupsPath.split(':');
  const [slice = '', prefix = '', name = ''] = parts;
  if (parts.length !== 3) return { problem: problem('CGROUPS_PATH_PARTS', FIELD, { parts: parts.length }) };
  return {
    slice: slice !== '' ? slice : rootlessUid === undefined ? 'system.slice' : 'user.slice',
    unit: name.endsWith('.slice') ? name : `${prefix}-${name}.scope`,
  };
}

/** Kata names its scope as runc does, but without defaults, and it makes no slice of a name that ends in `.slice`. */
function kataUnit({ cgroupsPath }: CgroupsPathOptions): NamedUnit {
  const parts = cgroupsPath.split(':');
  const [slice = '', prefix = '', name = ''] = parts;
  if (parts.length !== 3) return { problem: problem('CGROUPS_PATH_PARTS', FIELD, { parts: parts.length }) };
  return { slice, unit: `${prefix}-${name}.scope` };
}

const UNIT_OF = { runc: runcUnit, crun: crunUnit, kata: kataUnit } as const;

function crunUnit({ cgroupsPath, id, rootlessUid }: CgroupsPathOptions): NamedUnit {
  // crun sends no Slice= where none is named; then systemd decides.
  const fallback = rootlessUid === undefined ? 'system.slice' : 'app.slice';
  if (cgroupsPath === '') return { slice: fallback, unit: `crun-${id}.scope` };
  const colon = cgroupsPath.indexOf(':');
  if (colon < 0) return { slice: fallback, unit: `${cgroupsPath}.scope` };
  const slice = cgroupsPath.slice(0, colon);
  const unit = `${cgroupsPath.slice(colon + 1).replace(':', '-')}.scope`;
  return { slice: slice === '' ? fallback : slice, unit };
}

function below(base: string, path: string): ResolvedCgroupsPath {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return { problem: problem('CGROUPS_PATH_CLIMBS', FIELD) };
  }
  if (parts.length === 0) return { problem: problem('CGROUPS_PATH_ROOT', FIELD) };
  return { value: { path: `${base === '/' ? '' : base}/${parts.join('/')}`, slice: undefined, unit: undefined } };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0)) || '/';
}
