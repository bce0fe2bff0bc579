import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EXECUTABLE } from '../host/executable.ts';

/** How this program is started by its whole path: as a hook it gets no PATH to be found in. */
export interface OwnProgram {
  readonly path: string;
  /** The arguments that come before the program's own: its name, under Node also its file. */
  readonly args: readonly string[];
}

/** Gives how this program is started: the single executable by itself, from npm by Node's path and its own file. */
export function ownProgram(): OwnProgram {
  if (EXECUTABLE) return { path: process.execPath, args: ['hooks'] };
  const main = realpathSync(fileURLToPath(new URL('./main.js', import.meta.url)));
  return { path: realpathSync(process.execPath), args: ['node', main] };
}
