import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import type { RuntimeCall } from './command-line.ts';

/** How bad it is; engines show the last error of the log file. */
export type LogLevel = 'error' | 'warning';

/** The most characters of a message that are told: engines put it into one line of theirs. */
export const LONGEST_MESSAGE: number = 8 * 1024;
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Says what went wrong where the engine's user looks: as a line of the `--log` file, in the format that the engine asked
 * the runtime for, and on standard error. It never waits for a reader, and a log that cannot be written stops nothing.
 */
export function tellEngine({ log, logFormat }: RuntimeCall, level: LogLevel, message: string, now: Date): void {
  const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
  writeLine(2, `hooks-runtime: ${text}\n`);
  // A path that is no UTF-8 is not known here as it is, and would make a file of another name.
  if (log === undefined || log.includes('\ufffd')) return;
  try {
    const descriptor = openSync(log, FLAGS, 0o644);
    try {
      writeLine(descriptor, renderLine(logFormat, level, `hooks-runtime: ${text}`, now));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Standard error has it already, and there is nowhere else to say that the log cannot be written.
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Gives a line as runc and crun write it: logrus' JSON, or its text. */
export function renderLine(format: 'json' | 'text', level: LogLevel, message: string, now: Date): string {
  const time = now.toISOString();
  if (format === 'json') return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time="${time}" level=${level} msg=${JSON.stringify(message)}\n`;
}

function writeLine(descriptor: number, line: string): void {
  try {
    writeSync(descriptor, line);
  } catch (error) {
    // Nobody reads it, or it is full.
    if (errnoOf(error) === undefined) throw error;
  }
}
