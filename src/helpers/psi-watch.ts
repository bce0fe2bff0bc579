import { spawnSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { awaitPressure, pollPressure } from '../linux/cgroup/pressure-trigger.ts';
import { keepDescriptors } from '../linux/process/descriptors.ts';

/** The descriptor under which the watcher gets its trigger. */
export const TRIGGER_DESCRIPTOR = 3;
/** What the watcher says on standard output once it watches. */
export const WATCHING = 'watching\n';

/** What the watcher is told. */
export interface WatchFlags {
  /** Absolute, with its arguments. */
  readonly command: readonly [path: string, ...args: string[]];
  /** After so many seconds the command is killed. */
  readonly commandTimeoutSeconds: number;
}

/**
 * Runs the command at each pressure, one at a time, until the cgroup is gone. The command has no input; its output goes
 * where the watcher's own errors go. A command that fails is said there and run again at the next pressure.
 *
 * @throws {SystemError} `PRESSURE_WAIT`
 */
export function watchPressure({ command: [path, ...args], commandTimeoutSeconds }: WatchFlags): void {
  keepDescriptors();
  // Said only when this machine can wait on the trigger at all.
  if (pollPressure(TRIGGER_DESCRIPTOR, 0n) === 'gone') return;
  writeSync(1, WATCHING);
  while (awaitPressure(TRIGGER_DESCRIPTOR) === 'pressure') {
    const { error, status, signal } = spawnSync(path, args, {
      stdio: ['ignore', 2, 2],
      timeout: commandTimeoutSeconds * 1000,
      killSignal: 'SIGKILL',
    });
    if (error !== undefined) say(`${path}: ${error.message}`);
    else if (status !== 0) say(`${path}: ${signal === null ? `exit status ${status}` : `killed by ${signal}`}`);
  }
}

function say(text: string): void {
  writeSync(2, `hooks psi: ${text}\n`);
}
