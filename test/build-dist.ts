import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds dist/ once before the tests when a source is newer: tests run the program as its users do, from there. */
export function setup(): void {
  const built = statSync(`${root}dist/cli/main.js`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(`${root}src`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`);
  const newest = Math.max(...[...sources, `${root}tsconfig.build.json`].map((path) => statSync(path).mtimeMs));
  if (newest <= built) return;
  const build = spawnSync(process.execPath, [`${root}scripts/build.js`], { encoding: 'utf8' });
  if (build.status !== 0) throw new Error(`npm run build failed:\n${build.stdout}${build.stderr}`);
}
