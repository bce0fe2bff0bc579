import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The single executable as it was built before the tests. */
export const EXECUTABLE: string = `${root}dist/exe/hooks`;

/** Builds the single executable from dist/, which is built first, once before the tests when dist/ is newer. */
export function setup(): void {
  const changed = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const script = `${root}scripts/build-executable.js`;
  if (changed(EXECUTABLE) > Math.max(changed(`${root}dist/cli/main.js`), changed(script))) return;
  const build = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`the executable does not build:\n${build.stdout}${build.stderr}`);
}
