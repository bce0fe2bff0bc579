import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { EXECUTABLE } from './executable.ts';

/** How the program `hooks` is started by its whole path: a hook gets no PATH to be found in. */
export interface OwnProgram {
  readonly path: string;
  /** The arguments in front of the program's own: its name, under Node also its file. */
  readonly args: readonly string[];
}

/** Gives how `hooks` is started: the single executable by itself, from npm by Node and its file. */
export function ownProgram(): OwnProgram {
  if (EXECUTABLE) return { path: realpathSync(process.execPath), args: ['hooks'] };
  return {
    path: realpathSync(process.execPath),
    args: ['node', realpathSync(join(import.meta.dirname, '../cli/main.js'))],
  };
}
