import { SystemError } from '../../core/diagnostic/system-error.ts';
import { applyWrites } from '../../linux/cgroup/apply-writes.ts';
import { type CgroupBranch, directoryIn, placeIn } from '../../linux/cgroup/branch.ts';
import { isThere, makeCgroup, missingLevels, writeInto } from '../../linux/cgroup/make-cgroup.ts';
import { type CgroupPlace, OpenCgroup } from '../../linux/cgroup/open-cgroup.ts';
import { isMarked } from '../../linux/cgroup/own-directory.ts';
import { pause } from '../../linux/cgroup/remove-cgroup.ts';
import { makeThreaded, THREADED_CONTROLLERS } from '../../linux/cgroup/threaded.ts';
import { numberMask } from '../../linux/systemd/number-mask.ts';
import { startTransientScope } from '../../linux/systemd/transient-scope.ts';
import type { MadeDirectory, RecordKey } from '../record.ts';
import type { Deed } from '../resource-deed.ts';
import type { CgroupName, OverheadLayout } from './overhead-layout.ts';
import { cgroupIn, type Placement, sandboxMembers } from './overhead-moves.ts';
import { type OverheadRecord, writeOverheadRecord } from './overhead-record.ts';
import { allowedTexts, allowedUnitDevices, restrictDevices, type SandboxDevices } from './sandbox-devices.ts';

/** One thing to do, as data, and how it is done. */
export interface Step {
  readonly deed: Deed;
  readonly run: () => void;
}

/** What the set-up of a sandbox's cgroups is made from. */
export interface OverheadSetup {
  readonly key: RecordKey;
  readonly placement: Placement;
  /** What is kept; its directories are those of an earlier run. */
  readonly record: OverheadRecord;
  /** Undefined where devices are left as they are. */
  readonly devices: SandboxDevices | undefined;
  readonly cpus: string | undefined;
  readonly mems: string | undefined;
  readonly warn: (text: string) => void;
}

/** Controllers that systemd manages on v1: in their hierarchies it makes the directories of a unit itself. */
const SYSTEMD_V1: readonly string[] = ['cpu', 'cpuacct', 'memory', 'pids', 'blkio', 'devices'];

const SCOPE_START_MS = 5000;

/**
 * Plans the cgroups of a sandbox: the record of what will be made, the directories, the record of what was made, scopes,
 * threaded types, constraints. Nobody is moved yet but into scopes, which systemd makes around processes.
 *
 * @throws {SystemError} `CGROUP_OCCUPIED` for a cgroup that others use
 */
export function setupSteps(setup: OverheadSetup): Step[] {
  const { key, placement, record } = setup;
  const { layout, branches } = placement;
  const plain = plainNames(layout);
  const wanted = branches.flatMap((branch) => plain.map((path) => ({ branch, path })));
  for (const each of wanted) assertUnoccupied(each.branch, each.path, placement, record);
  const scopes = scopeNames(layout).filter((scope) => !isInside(placement, scope));
  const missing = [
    ...distinct(wanted.flatMap(({ branch, path }) => missingLevels(placeIn(branch, path)))),
    ...scopes.flatMap(({ name }) => unmanagedLevels(branches, name.path)),
  ];
  const intended = missing.filter(({ path }) => !isShared(path, layout));
  const kept: OverheadRecord = {
    ...record,
    intended: distinct([...record.intended, ...intended]),
    scopes: distinct([...record.scopes, ...scopes.flatMap(({ name }) => v2Place(branches, name.path) ?? [])]),
  };
  const isMine = (path: string): boolean =>
    scopes.some(({ name }) => name.path === path) ||
    [...kept.intended, ...kept.directories, ...kept.scopes].some((place) => path.endsWith(place.path));
  const threaded = layout.split === 'threaded' ? threadedSteps(branches, layout, missing) : [];
  return [
    { deed: ['record', 'sandbox-overhead'], run: () => writeOverheadRecord(key, kept) },
    ...scopes.map((scope) => scopeStep(scope, setup)),
    ...missing.map(
      (place): Step => ({
        deed: ['make-directory', place.mountPoint + place.path],
        run: () => makeCgroup(place).close(),
      }),
    ),
    { deed: ['record', 'sandbox-overhead'], run: () => writeOverheadRecord(key, withIdentities(kept)) },
    ...threaded,
    ...(isMine(layout.vcpu) ? constraintSteps(setup) : []),
  ];
}

/** Gives the cgroups that are made as directories: those of no unit, with what lies below a unit. */
function plainNames({ split, sandbox, overhead, vcpu }: OverheadLayout): string[] {
  const names = [sandbox, ...(overhead === undefined ? [] : [overhead])].filter(({ unit }) => unit === undefined);
  return [...new Set([...names.map(({ path }) => path), ...(split === 'threaded' ? [vcpu] : [])])];
}

interface ScopeName {
  readonly name: CgroupName & { readonly unit: NonNullable<CgroupName['unit']> };
  readonly role: 'sandbox' | 'overhead';
}

function scopeNames({ sandbox, overhead }: OverheadLayout): ScopeName[] {
  return (['overhead', 'sandbox'] as const).flatMap((role): ScopeName[] => {
    const name = role === 'sandbox' ? sandbox : overhead;
    return name?.unit === undefined ? [] : [{ name: { path: name.path, unit: name.unit }, role }];
  });
}

/** Whether the monitor, or for an overhead cgroup any member, is in a scope already. */
function isInside(placement: Placement, { name: { path }, role }: ScopeName): boolean {
  const { vmm } = placement.sandbox;
  const members = role === 'sandbox' ? [vmm] : sandboxMembers(placement);
  return placement.branches.some((branch) =>
    members.some(({ pid }) => {
      const at = cgroupIn(branch, pid);
      return at === path || at?.startsWith(`${path}/`) === true;
    }),
  );
}

/** In v1 hierarchies that systemd leaves alone, the directory of a unit has to be made by hand. */
function unmanagedLevels(branches: readonly CgroupBranch[], path: string): CgroupPlace[] {
  return branches
    .filter(({ version, controllers }) => version === 1 && !controllers.some((name) => SYSTEMD_V1.includes(name)))
    .flatMap((branch) => missingLevels(placeIn(branch, path)));
}

function v2Place(branches: readonly CgroupBranch[], path: string): CgroupPlace | undefined {
  // On v1 each of systemd's hierarchies has the scope, and all go with the unit: one of them stands for it.
  const branch = branches.find(({ version, controllers }) => version === 2 || controllers.includes('pids'));
  return branch && placeIn(branch, path);
}

function scopeStep({ name, role }: ScopeName, setup: OverheadSetup): Step {
  const { placement, key } = setup;
  const { layout, sandbox } = placement;
  const members = sandboxMembers(placement).map(({ pid }) => pid);
  const monitor = sandbox.vmm.pid;
  const others = members.filter((pid) => pid !== monitor);
  const pids = role === 'overhead' ? others : layout.split === 'processes' ? [monitor] : [monitor, ...others];
  const { unit } = name;
  const run = (): void => {
    const [first, ...rest] = pids;
    if (first === undefined) {
      setup.warn(`${unit.name} is not made: a scope holds processes, and the sandbox has none but the monitor`);
      return;
    }
    const description = `Sandbox ${key.id.slice(0, 128)}${role === 'overhead' ? ', overhead' : ''}`;
    const properties = [...scopeProperties(unit.slice), ...(name.path === layout.vcpu ? unitConstraints(setup) : [])];
    const scope = { unit: unit.name, description, pid: first, morePids: rest, properties, uid: undefined };
    const reason = startTransientScope(scope);
    if (reason !== undefined) {
      throw new SystemError('SYSTEMD_CALL', { method: 'StartTransientUnit', unit: unit.name, reason });
    }
    waitUntilInside(first, name, placement.branches);
  };
  return { deed: ['scope', unit.name, unit.slice, pids], run };
}

function scopeProperties(slice: string): string[][] {
  const on = ['Delegate', 'MemoryAccounting', 'CPUAccounting', 'IOAccounting', 'TasksAccounting'];
  return [['Slice', 's', slice], ['DefaultDependencies', 'b', 'false'], ...on.map((name) => [name, 'b', 'true'])];
}

/** What systemd would otherwise undo at the next daemon-reload. */
function unitConstraints({ devices, cpus, mems }: OverheadSetup): string[][] {
  const mask = (name: string, list: string | undefined): string[][] => {
    const bytes = list === undefined ? undefined : numberMask(list);
    return bytes === undefined ? [] : [[name, 'ay', String(bytes.length), ...bytes.map(String)]];
  };
  const allowed = devices === undefined ? [] : allowedUnitDevices(devices);
  const own = [
    ['DevicePolicy', 's', 'strict'],
    ['DeviceAllow', 'a(ss)', String(allowed.length), ...allowed.flat()],
  ];
  return [...mask('AllowedCPUs', cpus), ...mask('AllowedMemoryNodes', mems), ...(devices === undefined ? [] : own)];
}

/** The call returns before systemd has moved the process. */
function waitUntilInside(pid: number, { path, unit }: CgroupName, branches: readonly CgroupBranch[]): void {
  const branch = branches.find(({ version, controllers }) => version === 2 || controllers.includes('pids'));
  const until = Date.now() + SCOPE_START_MS;
  while (branch !== undefined && cgroupIn(branch, pid) !== path) {
    if (Date.now() >= until) {
      const reason = `process ${pid} is not in ${path} after ${SCOPE_START_MS / 1000} s`;
      throw new SystemError('SYSTEMD_CALL', { method: 'StartTransientUnit', unit: unit?.name ?? path, reason });
    }
    pause(20);
  }
}

/** A cgroup that was there before may be used when it holds nothing, or the sandbox already: anything else is another's. */
function assertUnoccupied(branch: CgroupBranch, path: string, placement: Placement, record: OverheadRecord): void {
  const place = placeIn(branch, path);
  const isOurs = [...record.directories, ...record.intended].some(
    (each) => each.mountPoint === place.mountPoint && each.path === place.path,
  );
  if (isOurs || !isThere(place)) return;
  const cgroup = OpenCgroup.open(place);
  try {
    const members = new Set(sandboxMembers(placement).map(({ pid }) => pid));
    const strangers = cgroup.words('cgroup.procs').filter((pid) => !members.has(Number(pid)));
    if (strangers.length === 0) return;
    throw new SystemError('CGROUP_OCCUPIED', { path: cgroup.directory, pids: strangers.slice(0, 16).join(', ') });
  } finally {
    cgroup.close();
  }
}

/** The directory that all sandboxes have their overhead cgroups in stays, with the limits that it may have. */
function isShared(path: string, { split, overhead }: OverheadLayout): boolean {
  return split !== 'threaded' && overhead !== undefined && overhead.path.startsWith(`${path}/`);
}

function withIdentities(record: OverheadRecord): OverheadRecord {
  const directories = record.intended.flatMap((place): MadeDirectory[] => {
    if (!isThere(place)) return [];
    const cgroup = OpenCgroup.open(place);
    const identity = cgroup.identity();
    cgroup.close();
    // Made by somebody else between the look and the making: it stays theirs.
    if (!isMarked(identity)) return [];
    const { device, inode } = identity;
    return [{ mountPoint: place.mountPoint, path: place.path, device, inode }];
  });
  const known = record.directories.filter(
    (each) => !directories.some(({ mountPoint, path }) => mountPoint === each.mountPoint && path === each.path),
  );
  return { ...record, directories: [...known, ...directories], intended: [] };
}

function threadedSteps(
  branches: readonly CgroupBranch[],
  layout: OverheadLayout,
  missing: readonly CgroupPlace[],
): Step[] {
  return branches.flatMap((branch) => {
    const leaf = (path: string): Step => ({
      deed: ['write', `${directoryIn(branch, path)}/cgroup.type`, 'threaded'],
      run: () =>
        withCgroup(placeIn(branch, layout.sandbox.path), (domain) =>
          withCgroup(placeIn(branch, path), (cgroup) => makeThreaded(cgroup, domain)),
        ),
    });
    const domain = placeIn(branch, layout.sandbox.path);
    const isNew = missing.some(({ path }) => path === domain.path) || layout.sandbox.unit !== undefined;
    const value = '+cpu +cpuset +pids';
    // What a cgroup above does not pass on cannot be passed on here; then the threads are kept apart without limits.
    const passOn = (): void =>
      withCgroup(domain, (cgroup) => {
        const controllers = cgroup.words('cgroup.controllers').filter((name) => THREADED_CONTROLLERS.includes(name));
        for (const name of controllers) writeSetting(cgroup, 'cgroup.subtree_control', `+${name}`);
      });
    const control: Step = {
      deed: ['write', `${directoryIn(branch, layout.sandbox.path)}/cgroup.subtree_control`, value],
      run: passOn,
    };
    return [leaf(layout.vcpu), leaf(layout.monitor), ...(isNew ? [control] : [])];
  });
}

function constraintSteps({ placement, devices, cpus, mems, warn }: OverheadSetup): Step[] {
  const { branches, layout } = placement;
  const own = (controller: string): CgroupBranch[] =>
    branches.filter(({ version, controllers }) => version === 2 || controllers.includes(controller));
  const cpuset = own('cpuset').flatMap((branch) =>
    [['cpuset.cpus', cpus] as const, ['cpuset.mems', mems] as const].flatMap(([file, value]): Step[] => {
      if (value === undefined || value === '') return [];
      const run = (): void => withCgroup(placeIn(branch, layout.vcpu), (cgroup) => writeSetting(cgroup, file, value));
      return [{ deed: ['write', `${directoryIn(branch, layout.vcpu)}/${file}`, value], run }];
    }),
  );
  if (devices === undefined) return cpuset;
  const bounded = own('devices').map(
    (branch): Step => ({
      deed: ['allow-only', directoryIn(branch, layout.vcpu), allowedTexts(devices)],
      run: () =>
        withCgroup(placeIn(branch, layout.vcpu), (cgroup) => {
          for (const warning of restrictDevices(cgroup, devices, branch.version)) warn(warning);
        }),
    }),
  );
  return [...cpuset, ...bounded];
}

function writeSetting(cgroup: OpenCgroup, file: string, value: string): void {
  if (cgroup.place.isPlain === true) {
    writeInto(cgroup, file, value);
    return;
  }
  const { failure } = applyWrites([{ file, value }], () => cgroup);
  if (failure !== undefined) throw failure;
}

function withCgroup(place: CgroupPlace, use: (cgroup: OpenCgroup) => void): void {
  const cgroup = OpenCgroup.open(place);
  try {
    use(cgroup);
  } finally {
    cgroup.close();
  }
}

function distinct(places: readonly CgroupPlace[]): CgroupPlace[] {
  return [...new Map(places.map((place) => [place.mountPoint + place.path, place])).values()];
}
