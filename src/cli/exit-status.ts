/** What the program's exit status says: done; the answer is no, or the input has errors; wrong usage; the system refused. */
export const EXIT = { done: 0, no: 1, usage: 2, system: 3 } as const;

/** One of the program's exit statuses. */
export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** Thrown for a command line that makes no sense; ends the program with status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Whose `--help` tells the usage. */
  readonly command: string;

  constructor(message: string, command = 'hooks') {
    super(message);
    this.command = command;
  }
}
