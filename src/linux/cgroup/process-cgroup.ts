import { type CgroupHierarchy, type CgroupMode, type CgroupMount, mountFor } from './hierarchy.ts';

/** The cgroups of a process, as the kernel names them. */
export interface ProcessCgroups {
  /** The cgroup in the v2 hierarchy; undefined where the kernel lists none. */
  readonly unified: string | undefined;
  /** v1: controller (`memory`) or named hierarchy (`name=systemd`) -> cgroup. */
  readonly controllers: ReadonlyMap<string, string>;
}

/** A directory that holds a process in one hierarchy. */
export interface CgroupDirectory {
  readonly version: 1 | 2;
  /** `unified` for the v2 hierarchy, else a v1 controller or `name=...`. */
  readonly controller: string;
  readonly mount: CgroupMount;
  /** The cgroup, counted from the root of the hierarchy that is visible at the mount: starts with `/`. */
  readonly path: string;
  /** The directory on this machine. */
  readonly directory: string;
}

/** Why a cgroup of a process cannot be named. */
export interface UnlocatedCgroup {
  readonly controller: string;
  readonly path: string;
  /**
   * `deleted`: the cgroup is gone; `outside-namespace`: it lies above the reader's cgroup namespace, so its real name
   * cannot be known; `not-mounted`: no mount here shows it.
   */
  readonly reason: 'deleted' | 'outside-namespace' | 'not-mounted';
}

/** Where a process is in every hierarchy that is mounted. */
export interface ProcessLocation {
  readonly mode: CgroupMode;
  readonly directories: readonly CgroupDirectory[];
  readonly unlocated: readonly UnlocatedCgroup[];
}

/**
 * Reads /proc/PID/cgroup (cgroups(7)): lines `ID:CONTROLLERS:PATH`, split at the first two colons only, for a path may
 * hold colons (systemd-style cgroupsPath handed to a cgroupfs driver). Lines of another form are passed over.
 */
export function parseProcessCgroups(text: string): ProcessCgroups {
  let unified: string | undefined;
  const controllers = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^(\d+):([^:]*):(\/.*)$/s.exec(line);
    if (match === null) continue;
    const [, id = '', names = '', path = ''] = match;
    if (names !== '') {
      for (const name of names.split(',')) controllers.set(name, path);
    } else if (id === '0') {
      unified = path;
    }
  }
  return { unified, controllers };
}

/**
 * Finds the directories that hold a process. Both texts must come from the host's side (the reader's own cgroup namespace is
 * the frame of every path); what cannot be named safely is listed with its reason instead of guessed.
 */
export function locateProcess(hierarchy: CgroupHierarchy, cgroups: ProcessCgroups): ProcessLocation {
  const directories: CgroupDirectory[] = [];
  const unlocated: UnlocatedCgroup[] = [];
  const locate = (controller: string, version: 1 | 2, path: string): void => {
    const found = locateOne(hierarchy, controller, version, path);
    if ('reason' in found) unlocated.push(found);
    else directories.push(found);
  };
  const hasUnifiedMount = hierarchy.mounts.some(({ version }) => version === 2);
  // Every kernel lists `0::` even where nobody mounted cgroup2: that is no loss worth a word.
  if (cgroups.unified !== undefined && hasUnifiedMount) locate('unified', 2, cgroups.unified);
  for (const [controller, path] of cgroups.controllers) locate(controller, 1, path);
  return { mode: hierarchy.mode, directories, unlocated };
}

/** Gives the directory in the v2 hierarchy, or the one of a v1 controller. */
export function directoryOf(location: ProcessLocation, controller: string): CgroupDirectory | undefined {
  return location.directories.find((directory) => directory.controller === controller);
}

/**
 * Gives the directory that stands for the whole process: the v2 one where v2 rules, else that of the first v1 hierarchy
 * in which the process is below the root. An engine may leave a process in the root of hierarchies it does not use.
 */
export function mainDirectory(location: ProcessLocation): CgroupDirectory | undefined {
  const unified = directoryOf(location, 'unified');
  if (location.mode === 'unified') return unified;
  const preferred = ['name=systemd', 'memory', 'devices', 'pids', 'cpu'].flatMap(
    (name) => directoryOf(location, name) ?? [],
  );
  const all = [...preferred, ...location.directories];
  return all.find(({ path }) => path !== '/') ?? all[0];
}

function locateOne(
  hierarchy: CgroupHierarchy,
  controller: string,
  version: 1 | 2,
  path: string,
): CgroupDirectory | UnlocatedCgroup {
  // The kernel adds this to the name of a cgroup that was removed; a live one may be named so too, which is refused
  // rather than believed.
  if (path.endsWith(' (deleted)')) return { controller, path, reason: 'deleted' };
  if (path.split('/').includes('..')) return { controller, path, reason: 'outside-namespace' };
  const mount = mountFor(hierarchy, version === 2 ? undefined : controller, path);
  if (mount === undefined) return { controller, path, reason: 'not-mounted' };
  const below = mount.root === '/' ? path : path.slice(mount.root.length) || '/';
  return {
    version,
    controller,
    mount,
    path: below,
    directory: below === '/' ? mount.mountPoint : mount.mountPoint + below,
  };
}
