import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import type { OciState } from '../core/oci/state.ts';
import { ownProgram } from '../host/own-program.ts';
import { reasonOf } from '../host/write-file.ts';
import {
  assertSameProcess,
  identifyProcess,
  locateContainer,
  type ProcessIdentity,
} from '../linux/cgroup/container-process.ts';
import { OpenCgroup } from '../linux/cgroup/open-cgroup.ts';
import { openPressureTrigger, type PressureResource } from '../linux/cgroup/pressure-trigger.ts';
import { directoryOf } from '../linux/cgroup/process-cgroup.ts';
import { keepDescriptors } from '../linux/process/descriptors.ts';
import { startTransientScope } from '../linux/systemd/transient-scope.ts';
import { isSystemdRunning } from '../linux/systemd/unit.ts';
import { containerPid } from './container-pid.ts';
import { TRIGGER_DESCRIPTOR, WATCHING, type WatchFlags } from './psi-watch.ts';
import { type RecordedProcess, readRecord, removeRecord, writeRecord } from './record.ts';
import { type Deed, type HelperFlags, type HelperReport, NOTHING_TO_DO } from './resource-deed.ts';

/** What the `psi` helper is told; all of it by arguments, nothing by annotations. */
export interface PsiFlags extends HelperFlags, WatchFlags {
  readonly resource: PressureResource;
  /** As `parsePressureTrigger` gives it. */
  readonly trigger: string;
  /** A file that the output of the command is added to. */
  readonly log?: string;
}

const VERB = 'psi';
const WATCHER_START_MS = 5_000;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Starts a watcher beside the container that runs a command whenever the container's cgroup is under pressure; at poststop
 * it is ended, from the record alone. The watcher holds nothing of its caller's: no descriptor, directory or session, and
 * under systemd no cgroup either. It ends by itself when the cgroup does.
 *
 * @throws {SystemError} `PRESSURE_TRIGGER`, `PROGRAM_EXEC`, `PRESSURE_WATCHER`, `RECORD`, ...
 */
export async function watchContainerPressure(state: OciState, flags: PsiFlags): Promise<HelperReport> {
  if (state.status === 'stopped') return endWatchers(state, flags);
  assertProgram(flags.command[0]);
  const cgroup = openUnified(containerPid(state, flags.sandbox === true));
  try {
    const deeds: Deed[] = [['watch', `${flags.resource}.pressure`, flags.trigger, flags.command]];
    const warnings = flags.dryRun === true ? [] : await start(state, cgroup, flags);
    return { cgroup: cgroup.place.path, deeds, ignored: [], warnings };
  } finally {
    cgroup.close();
  }
}

function assertProgram(path: string): void {
  try {
    accessSync(path, constants.X_OK);
    if (!statSync(path).isFile()) throw new Error('it is not a file');
  } catch (error) {
    throw new SystemError('PROGRAM_EXEC', { path, reason: reasonOf(error) }, { cause: error });
  }
}

/** Pressure is kept for the v2 hierarchy alone, also where it stands beside v1 without a controller. */
function openUnified(pid: number): OpenCgroup {
  const process = identifyProcess(pid);
  const location = locateContainer(pid);
  const found = directoryOf(location, 'unified');
  if (found === undefined) {
    const lost = location.unlocated.find(({ controller }) => controller === 'unified');
    if (lost === undefined) throw new SystemError('CGROUP_V2_NEEDED', { what: 'a pressure trigger' });
    throw new SystemError('CGROUP_OUTSIDE', { pid, reason: `${lost.path} is not to be seen (${lost.reason})` });
  }
  if (found.path === '/') throw new SystemError('CGROUP_ROOT', { path: found.directory });
  const cgroup = OpenCgroup.open({ mountPoint: found.mount.mountPoint, path: found.path });
  try {
    assertSameProcess(process);
    return cgroup;
  } catch (error) {
    cgroup.close();
    throw error;
  }
}

async function start(state: OciState, cgroup: OpenCgroup, flags: PsiFlags): Promise<string[]> {
  const watch = [flags.resource, flags.trigger, ...flags.command].join('\0');
  const before = (readRecord(state, VERB)?.processes ?? []).filter(isRunning);
  // A trigger is watched once, however often the hook runs for this container.
  for (const watcher of before.filter((each) => each.watch === watch)) endWatcher(watcher);
  const child = await spawnWatcher(state, cgroup, flags);
  try {
    const processes = [...before.filter((each) => each.watch !== watch), { ...child.identity, watch }];
    writeRecord(state, VERB, { directories: [], processes });
    await untilWatching(child.process);
  } catch (error) {
    child.process.kill('SIGKILL');
    throw error;
  } finally {
    child.process.stdout?.destroy();
    child.process.unref();
  }
  const reason = leaveCallersCgroup(state, child.identity.pid);
  if (reason === undefined) return [];
  return [`the watcher stays in the cgroup of the program that ran this hook: systemd gave it no scope: ${reason}`];
}

interface Watcher {
  readonly process: ChildProcess;
  readonly identity: ProcessIdentity;
}

async function spawnWatcher(state: OciState, cgroup: OpenCgroup, flags: PsiFlags): Promise<Watcher> {
  const program = ownProgram();
  const [name = program.path, ...own] = program.args;
  const timeout = String(flags.commandTimeoutSeconds);
  const opened: number[] = [];
  try {
    const trigger = openPressureTrigger(cgroup, flags.resource, flags.trigger);
    opened.push(trigger);
    const log = flags.log === undefined ? undefined : openLog(flags.log);
    if (log !== undefined) opened.push(log);
    const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'pipe', log ?? 'ignore'];
    stdio[TRIGGER_DESCRIPTOR] = trigger;
    keepDescriptors();
    const words = ['helper', 'psi-watch', '--command-timeout', timeout, '--', ...flags.command];
    const child = spawn(program.path, [...own, ...words], {
      argv0: name,
      cwd: '/',
      detached: true,
      env: environmentOf(state, cgroup, flags),
      stdio,
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    if (child.pid === undefined) throw new Error('it has no pid');
    return { process: child, identity: identifyProcess(child.pid) };
  } catch (error) {
    if (error instanceof SystemError) throw error;
    throw new SystemError('PRESSURE_WATCHER', { reason: reasonOf(error) }, { cause: error });
  } finally {
    for (const descriptor of opened) closeSync(descriptor);
  }
}

function openLog(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW } = constants;
  try {
    return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
  } catch (error) {
    throw new SystemError('FILE_WRITE', { path, reason: reasonOf(error) }, { cause: error });
  }
}

/** What the command is told: nothing of it is chosen by the container but its id, which is made of harmless characters. */
function environmentOf(state: OciState, cgroup: OpenCgroup, { resource }: PsiFlags): NodeJS.ProcessEnv {
  return {
    PATH,
    OCI_HOOKS_ID: state.id,
    OCI_HOOKS_PID: String(state.pid ?? 0),
    OCI_HOOKS_BUNDLE: state.bundle,
    OCI_HOOKS_CGROUP: cgroup.directory,
    OCI_HOOKS_RESOURCE: resource,
  };
}

/** Waits until the watcher says that it watches: a hook that says yes must have done what it promises. */
function untilWatching(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void => reject(new SystemError('PRESSURE_WATCHER', { reason }));
    const timer = setTimeout(() => fail(`it was not ready within ${WATCHER_START_MS / 1000} s`), WATCHER_START_MS);
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (said !== WATCHING) return;
      clearTimeout(timer);
      resolve();
    });
    child.stdout?.once('close', () => {
      clearTimeout(timer);
      fail('it ended at once; --log FILE keeps what it says');
    });
  });
}

/** Without systemd nobody stops an engine by its cgroup, so the watcher may stay. */
function leaveCallersCgroup(state: OciState, pid: number): string | undefined {
  if (!isSystemdRunning()) return undefined;
  const uid = process.geteuid?.() ?? 0;
  return startTransientScope({
    unit: `oci-hooks-psi-${pid}.scope`,
    description: `Pressure watcher of container ${state.id.slice(0, 128)}`,
    pid,
    uid: uid === 0 ? undefined : uid,
  });
}

function endWatchers(state: OciState, flags: PsiFlags): HelperReport {
  const running = (readRecord(state, VERB)?.processes ?? []).filter(isRunning);
  const deeds = running.map(({ pid }): Deed => ['end-process', pid]);
  if (flags.dryRun !== true) {
    for (const watcher of running) endWatcher(watcher);
    removeRecord(state, VERB);
  }
  return { ...NOTHING_TO_DO, deeds };
}

function isRunning({ pid, startTime }: RecordedProcess): boolean {
  try {
    return identifyProcess(pid).startTime === startTime;
  } catch (error) {
    if (error instanceof SystemError && error.code === 'PROCESS_GONE') return false;
    throw error;
  }
}

/** Ends a watcher and the command that it may be running: it leads a session, so its number is that of their group. */
function endWatcher(watcher: RecordedProcess): void {
  if (!isRunning(watcher)) return;
  try {
    process.kill(-watcher.pid, 'SIGTERM');
  } catch (error) {
    // It ended between the look and the signal.
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
