import { type ExactJson, type ExactJsonObject, isExactObject } from '../core/oci/exact-json.ts';
import { hasStopped, type OciState } from '../core/oci/state.ts';
import { runDirectory } from '../host/run-directory.ts';
import type { CgroupWrite, IgnoredField } from '../linux/cgroup/cgroup-write.ts';
import { type CompatPlace, compatPlaces } from '../linux/cgroup/compat-place.ts';
import { errnoReason } from '../linux/cgroup/errno-reason.ts';
import { isThere } from '../linux/cgroup/make-cgroup.ts';
import type { OpenCgroup } from '../linux/cgroup/open-cgroup.ts';
import {
  type MadePath,
  makePath,
  type OwnDirectory,
  type Patience,
  pathLevels,
  removeDirectories,
} from '../linux/cgroup/own-directory.ts';
import { renderProblem } from '../linux/cgroup/problem.ts';
import type { ResourcePlanOptions } from '../linux/cgroup/resource-plan.ts';
import { specFiles } from '../linux/cgroup/spec-file.ts';
import { memberOf, readBundleConfig } from './helper-input.ts';
import { type MadeDirectory, readRecord, recordDirectory, removeRecord, writeRecord } from './record.ts';
import { withExistingRecordLock, withRecordLock } from './record-lock.ts';
import { type Deed, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `compat-dir` helper is told. */
export interface CompatDirFlags extends Pick<ResourcePlanOptions, 'weightFormula' | 'reservation'> {
  readonly dryRun?: boolean | undefined;
  /** The container has stopped, where the state does not say so. */
  readonly stopped?: boolean | undefined;
  /** Write limits also into a directory that somebody else made, as long as nothing is in it. */
  readonly fillExisting?: boolean | undefined;
  /** A plain directory instead of /sys/fs/cgroup. */
  readonly cgroupRoot?: string | undefined;
  /** In the place of linux.cgroupsPath. */
  readonly cgroupPath?: string | undefined;
}

/** What surrounds the helper; the defaults are the machine's. */
export interface CompatDirSurroundings {
  readonly records?: string;
  readonly patience?: Patience;
}

const VERB = 'compat-dir';

/** gVisor's own, for a directory whose last process is on its way out. */
const PATIENCE: Patience = { everyMs: 100, forMs: 5_000 };

/** Controllers whose files cAdvisor reads on cgroup v2; they are passed on through directories of our own. */
const PASSED_ON: readonly string[] = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

/**
 * Makes the host's directory of a container that runs inside a sandbox, as cAdvisor looks for it, without a process and
 * without a unit, and fills in the limits of config.json. At poststop it removes what it made, from the record alone. What the system
 * refuses becomes a warning: a container never fails for it.
 *
 * The order keeps a killed helper repairable: the names go on record, the directories are made with a mark, their device and
 * inode go on record, then come the limits.
 *
 * @throws {SystemError} `RECORD`, `FILE_READ`, `CGROUP_NOT_MOUNTED`; no directory was made then
 */
export async function makeCompatDirectory(
  state: OciState,
  flags: CompatDirFlags,
  surroundings: CompatDirSurroundings = {},
): Promise<HelperReport> {
  const { records = runDirectory(), patience = PATIENCE } = surroundings;
  if (flags.stopped === true || hasStopped(state) === true) {
    const undo = (): Promise<HelperReport> => remove(state, flags, records, patience);
    if (flags.dryRun === true) return undo();
    return (await withExistingRecordLock(recordDirectory(state, records), undo)) ?? NOTHING_TO_DO;
  }
  const config = readBundleConfig(state);
  const cgroupsPath = flags.cgroupPath ?? memberOf(config, 'linux', 'cgroupsPath');
  const skipped = reasonToSkip(config, cgroupsPath);
  if (typeof cgroupsPath !== 'string' || skipped !== undefined) {
    return { ...NOTHING_TO_DO, ignored: skipped === undefined ? [] : [skipped] };
  }
  const uid = process.geteuid?.() ?? 0;
  const rootlessUid = uid === 0 ? undefined : uid;
  const found = compatPlaces({ cgroupsPath, id: state.id, rootlessUid, root: flags.cgroupRoot });
  if ('problem' in found) return { ...NOTHING_TO_DO, warnings: [renderProblem(found.problem)] };
  const { version, path, places } = found;
  const { writes, ignored, problems } = specFiles(memberOf(config, 'linux', 'resources') ?? {}, version, flags);
  const warnings = problems.map(renderProblem);
  if (flags.dryRun === true) return { cgroup: path, deeds: plannedDeeds(places, writes), ignored, warnings };
  const deeds: Deed[] = [];
  await withRecordLock(state, () => make(state, places, writes, flags, { records, deeds, warnings }), records);
  return { cgroup: path, deeds, ignored, warnings };
}

interface Making {
  readonly records: string;
  readonly deeds: Deed[];
  readonly warnings: string[];
}

function make(
  state: OciState,
  places: readonly CompatPlace[],
  writes: readonly CgroupWrite[],
  flags: CompatDirFlags,
  { records, deeds, warnings }: Making,
): void {
  const made = makeOnRecord(state, places, records);
  try {
    deeds.push(...made.flatMap((each) => each.path.made.map((own): Deed => ['make-directory', nameOf(own)])));
    for (const { failure } of made.map((each) => each.path)) {
      if (failure !== undefined) warnings.push(`no directory below ${failure.path}: ${failure.reason}`);
    }
    fill(made, writes, flags, deeds, warnings);
  } finally {
    for (const each of made) each.path.leaf?.close();
  }
}

function plannedDeeds(places: readonly CompatPlace[], writes: readonly CgroupWrite[]): Deed[] {
  return [
    ...places.flatMap(({ place }) => {
      const missing = pathLevels(place).filter((level) => !isThere({ ...level, isPlain: place.isPlain === true }));
      return missing.map((level): Deed => ['make-directory', nameOf(level)]);
    }),
    ...writes.map(({ file, value }): Deed => ['write', file, value]),
  ];
}

interface MadePlace {
  readonly controllers: readonly string[];
  readonly path: MadePath;
}

function makeOnRecord(state: OciState, places: readonly CompatPlace[], records: string): MadePlace[] {
  const directories = readRecord(state, VERB, records)?.directories ?? [];
  const intended = places.flatMap(({ place }) =>
    pathLevels(place).map(({ mountPoint, path }) => ({ mountPoint, path })),
  );
  writeRecord(state, VERB, { directories, intended }, records);
  const made: MadePlace[] = [];
  try {
    for (const { controllers, place } of places) made.push({ controllers, path: makePath(place, PASSED_ON) });
    const own = made.flatMap(({ path }) => path.own).flatMap(identified);
    const now = new Set(own.map(keyOf));
    const merged = [...directories.filter((each) => !now.has(keyOf(each))), ...own];
    if (merged.length === 0) removeRecord(state, VERB, records);
    else writeRecord(state, VERB, { directories: merged }, records);
    return made;
  } catch (error) {
    for (const { path } of made) path.leaf?.close();
    throw error;
  }
}

function identified({ mountPoint, path, device, inode }: OwnDirectory): MadeDirectory[] {
  return device === undefined || inode === undefined ? [] : [{ mountPoint, path, device, inode }];
}

function keyOf({ mountPoint, path, device, inode }: OwnDirectory): string {
  return `${device} ${inode} ${mountPoint}${path}`;
}

function nameOf({ mountPoint, path }: OwnDirectory): string {
  return mountPoint + path;
}

/** Writes each value by itself: one that is refused keeps none of the others out. */
function fill(
  made: readonly MadePlace[],
  writes: readonly CgroupWrite[],
  flags: CompatDirFlags,
  deeds: Deed[],
  warnings: string[],
): void {
  for (const { controllers, path } of made) {
    const { leaf, isOwnLeaf } = path;
    const own = writes.filter(
      ({ file }) => controllers.includes('unified') || controllers.includes(file.split('.')[0] ?? ''),
    );
    if (leaf === undefined || own.length === 0) continue;
    if (!isOwnLeaf && !(flags.fillExisting === true && isEmpty(leaf))) {
      const hint = flags.fillExisting === true ? 'and is in use' : 'see --fill-existing';
      warnings.push(`${leaf.directory} is not ours (${hint}): it keeps its limits`);
      continue;
    }
    for (const { file, value, missingOk } of own) {
      try {
        leaf.write(file, value);
        deeds.push(['write', file, value]);
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error)) throw error;
        if (error.code === 'ENOENT' && missingOk === true) continue;
        warnings.push(`${leaf.directory}/${file} was not given ${value}: ${errnoReason(error)}`);
      }
    }
  }
}

/** A cgroup that holds neither processes nor cgroups limits nobody. */
function isEmpty(cgroup: OpenCgroup): boolean {
  return cgroup.read('cgroup.procs') === '' && cgroup.children(1).length === 0;
}

const TYPE_ANNOTATIONS: readonly string[] = ['io.kubernetes.cri.container-type', 'io.kubernetes.cri-o.ContainerType'];

/**
 * The first container of a sandbox is the sandbox for the host: its runtime puts itself into that cgroup. As in gVisor, it is
 * every container that is not called `container` by its annotations: the pause container of a pod, and one without a pod.
 */
function reasonToSkip(config: ExactJsonObject, cgroupsPath: ExactJson | undefined): IgnoredField | undefined {
  const annotations = memberOf(config, 'annotations');
  const name = TYPE_ANNOTATIONS.find((each) => isExactObject(annotations) && typeof annotations[each] === 'string');
  const type = name === undefined ? undefined : memberOf(annotations, name);
  if (type !== 'container') {
    const reason =
      name === undefined
        ? 'no annotation calls this a container of a pod, so it is its own sandbox and its runtime makes its cgroup'
        : 'this is the sandbox itself, and its runtime makes its cgroup';
    return { field: name === undefined ? 'annotations' : `annotations.${name}`, reason };
  }
  if (typeof cgroupsPath === 'string' && cgroupsPath !== '') return undefined;
  return { field: 'linux.cgroupsPath', reason: 'it is absent or empty: nobody knows where to look for the container' };
}

async function remove(
  state: OciState,
  { dryRun = false, cgroupRoot }: CompatDirFlags,
  records: string,
  patience: Patience,
): Promise<HelperReport> {
  const record = readRecord(state, VERB, records);
  if (record === undefined) {
    // A helper that was killed may have left its directory without a record in it.
    if (!dryRun) removeRecord(state, VERB, records);
    return NOTHING_TO_DO;
  }
  const named = new Set(record.directories.map(nameOf));
  const intended = (record.intended ?? []).filter((each) => !named.has(nameOf(each)));
  const all: readonly OwnDirectory[] = [...record.directories, ...intended];
  const deedOf = (directory: OwnDirectory): Deed => ['remove-directory', nameOf(directory)];
  if (dryRun) return { ...NOTHING_TO_DO, deeds: all.toReversed().map(deedOf) };
  const { removed, left, shared } = await removeDirectories(all, patience, cgroupRoot !== undefined);
  if (left.length === 0) removeRecord(state, VERB, records);
  else {
    const stay = new Set(left.map(({ directory }) => directory));
    const rest = {
      directories: record.directories.filter((each) => stay.has(each)),
      intended: intended.filter((each) => stay.has(each)),
    };
    writeRecord(state, VERB, rest, records);
  }
  const warnings = [
    ...left.map(
      ({ directory, reason }) =>
        `${nameOf(directory)} is not removed: ${reason}; it stays on record, and the next poststop with this id and bundle removes it, or rmdir by hand`,
    ),
    ...shared
      .filter(({ isForeign }) => isForeign)
      .map(({ directory }) => `${nameOf(directory)} stays: it holds cgroups that others made`),
  ];
  return { ...NOTHING_TO_DO, deeds: removed.map(deedOf), warnings };
}
