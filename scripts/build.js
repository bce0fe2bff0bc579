// Builds dist/ from src/: removes what an earlier build left, compiles, writes down version and commit, marks the program
// executable.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
rmSync('dist', { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
});
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
nameBuild('dist/cli/build.js');
for (const program of ['dist/cli/main.js', 'dist/runtime-wrapper/main.js']) chmodSync(program, 0o755);

/**
 * Puts version and commit where src/cli/build.ts says "unknown".
 *
 * @param {string} file
 */
function nameBuild(file) {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const text = readFileSync(file, 'utf8');
  const named = text
    .replace("version: 'unknown'", `version: ${JSON.stringify(version)}`)
    .replace("commit: 'unknown'", `commit: ${JSON.stringify(commit() ?? 'unknown')}`);
  if (named === text) throw new Error(`${file} has no place for the version`);
  writeFileSync(file, named);
}

/** The commit of the checkout, marked when something in it differs; undefined outside one, as in a source tarball. */
function commit() {
  // Only this directory's own repository counts: a tarball may lie in somebody else's.
  const git = (/** @type {readonly string[]} */ ...args) =>
    spawnSync('git', args, { encoding: 'utf8', env: { ...process.env, GIT_DIR: `${root}.git` } });
  const head = git('rev-parse', '--short=12', 'HEAD');
  if (head.status !== 0) return undefined;
  return head.stdout.trim() + (git('status', '--porcelain').stdout === '' ? '' : '+changes');
}
