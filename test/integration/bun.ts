import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout, whose `imports` decide which twin of a module a program gets. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** Bun itself, as the executable has it. Its install script moves it, where it may run. */
export function bunProgram(): string {
  const architecture = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const places = [`node_modules/@oven/bun-linux-${architecture}/bin/bun`, 'node_modules/bun/bin/bun.exe'];
  // The file that the script replaces is a few hundred bytes long.
  const found = places
    .map((place) => ROOT + place)
    .find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1e6);
  if (found === undefined) throw new Error('Bun is not installed: run npm ci');
  return found;
}
