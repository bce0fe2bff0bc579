import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout, whose `imports` decide which twin of a module a program gets. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** Bun itself, as the executable has it. */
export const BUN: string = fileURLToPath(new URL('../../node_modules/bun/bin/bun.exe', import.meta.url));

/** Bun's package is unpacked by its first run: its install script is not allowed to. */
export function unpackBun(): void {
  if (!existsSync(BUN) || spawnSync(BUN, ['--version']).status !== 0) {
    spawnSync('npx', ['bun', '--version'], { cwd: ROOT });
  }
}
