import { write } from 'node:fs';
import { errnoOf } from '../core/diagnostic/system-error.ts';

/** How much a line of the log matters. */
export type LogLevel = 'info' | 'warning' | 'error';

/** Writes one line: what happened in one word, in one sentence, and as data. */
export type Log = (level: LogLevel, event: string, message: string, data?: object) => void;

/** A log that is written to. */
export interface LogWriter {
  readonly log: Log;
  /** Resolves when all lines are written, or after this many milliseconds. */
  readonly flush: (milliseconds: number) => Promise<void>;
}

/** A reader that is so far behind loses lines. */
const WAITING_LIMIT = 1 << 20;

/** How long a full pipe that does not block is left alone. */
const PATIENCE_MILLISECONDS = 20;

/**
 * Gives a log of JSON lines to a descriptor. Writing never waits: the reader of standard error may be the very runtime that
 * waits for us. Lines that do not fit in are dropped, and the next one that fits says how many.
 */
export function createLog(descriptor: number, now: () => Date = () => new Date()): LogWriter {
  const waiting: Buffer[] = [];
  let bytes = 0;
  let dropped = 0;
  let isWriting = false;
  let idle: (() => void) | undefined;
  const next = (): void => {
    const chunk = waiting[0];
    isWriting = chunk !== undefined;
    if (!chunk) {
      idle?.();
      return;
    }
    write(descriptor, chunk, (error, written) => {
      if (errnoOf(error) === 'EAGAIN') {
        setTimeout(next, PATIENCE_MILLISECONDS);
        return;
      }
      // Nobody is there to read it: what the plugin does must not hang on that.
      const done = error ? chunk.length : written;
      bytes -= done;
      if (done < chunk.length) waiting[0] = chunk.subarray(done);
      else waiting.shift();
      next();
    });
  };
  return {
    log: (level, event, message, data = {}) => {
      const lost = dropped > 0 ? { droppedLines: dropped } : {};
      const record = { time: now().toISOString(), level, event, message, ...data, ...lost };
      const line = Buffer.from(`${JSON.stringify(record)}\n`);
      if (bytes + line.length > WAITING_LIMIT) {
        dropped++;
        return;
      }
      dropped = 0;
      bytes += line.length;
      waiting.push(line);
      if (!isWriting) next();
    },
    flush: (milliseconds) =>
      new Promise((resolve) => {
        if (!isWriting) {
          resolve();
          return;
        }
        const timer = setTimeout(resolve, milliseconds);
        idle = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
  };
}
