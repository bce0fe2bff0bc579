// Builds the single executable from dist/: program, packages, shipped definitions and Bun's runtime in one file.
// Usage: node scripts/build-executable.js [--target linux-x64|linux-arm64] [--outdir DIR]     (npm run build:exe builds dist/ too)
// Gives DIR/hooks, by default dist/exe/hooks; for another processor dist/exe/TARGET/hooks. The same commit gives the same
// bytes: the file holds its own name, so it is built under the final one.
// @ts-check
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The package that holds Bun for a target. */
const RUNTIMES = { 'linux-x64': '@oven/bun-linux-x64', 'linux-arm64': '@oven/bun-linux-aarch64' };

const root = fileURLToPath(new URL('..', import.meta.url));
const host = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
const { values } = parseArgs({ options: { target: { type: 'string', default: host }, outdir: { type: 'string' } } });
const { target } = values;
if (!isTarget(target)) fail(`--target is one of ${Object.keys(RUNTIMES).join(', ')}`);
const outdir = resolve(values.outdir ?? join(root, 'dist/exe', target === host ? '' : target));
const entry = join(root, 'dist/executable.js');
if (!existsSync(entry)) fail('there is no dist/: run `npm run build:exe`');

const bun = runtimeOf(host);
mkdirSync(outdir, { recursive: true });
// In a folder of its own first: a build that fails must not leave half a program.
const folder = mkdtempSync(join(outdir, '.build-'));
try {
  writeFileSync(join(folder, 'tsconfig.json'), '{}');
  // The entry with all that it imports itself, in one file: each further one that a start reads costs it 0.2 ms.
  const bundledEntry = inOneFile('executable', ['cli/main', 'runtime-wrapper/answer-call']);
  runBun([
    'build',
    bundledEntry,
    '--compile',
    '--bytecode',
    '--minify',
    // A command reads its own part of the file; with less compiling at run time, which a short run never earns back.
    '--splitting',
    '--compile-jit-policy=30',
    '--format=esm',
    `--target=bun-${target}`,
    ...(target === host ? [] : [`--compile-executable-path=${runtimeOf(target)}`]),
    // tsconfig.json says which `#libc` the compiler reads, which is Node's; the package's `imports` are to decide here.
    `--tsconfig-override=${join(folder, 'tsconfig.json')}`,
    // What lies in the working directory, a container's bundle, is none of our business.
    '--no-compile-autoload-dotenv',
    '--no-compile-autoload-bunfig',
    '--no-compile-autoload-tsconfig',
    '--no-compile-autoload-package-json',
    '--reject-unresolved',
    `--define=HOOKS_EXECUTABLE=${JSON.stringify({ definitions: shippedDefinitions() })}`,
    `--outfile=${join(folder, 'hooks')}`,
  ]);
  renameSync(join(folder, 'hooks'), join(outdir, 'hooks'));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(join(outdir, 'hooks'));

/**
 * Puts a module of dist and all that it imports into one file beside it, but for modules that are loaded only when they
 * are needed; gives the path. A build that runs at the same time writes the same.
 *
 * @param {string} module
 * @param {readonly string[]} apart ends of the names that they are imported by
 */
function inOneFile(module, apart) {
  const bundled = join(folder, 'bundle.js');
  runBun([
    'build',
    join(root, 'dist', `${module}.js`),
    '--target=bun',
    '--format=esm',
    ...apart.map((path) => `--external=*/${path}.js`),
    `--tsconfig-override=${join(folder, 'tsconfig.json')}`,
    `--outfile=${bundled}`,
  ]);
  const path = join(root, 'dist', `${module}.bundle.js`);
  copyFileSync(bundled, `${path}.${process.pid}`);
  renameSync(`${path}.${process.pid}`, path);
  return path;
}

/** @param {readonly string[]} args */
function runBun(args) {
  // No setting of whoever builds has a part in the result.
  const env = { PATH: process.env['PATH'], HOME: folder, BUN_INSTALL_CACHE_DIR: folder };
  const built = spawnSync(bun, args, { cwd: root, encoding: 'utf8', env });
  if (built.status !== 0) throw new Error(`bun build failed:\n${built.stdout ?? ''}${built.stderr ?? built.error}`);
}

/** The shipped definitions as they are compiled in; the name is what they are shown under. */
function shippedDefinitions() {
  const directory = join(root, 'hooks.d');
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => /\.(json|ya?ml)$/.test(name))
    .sort()
    .map((name) => ({ path: `<builtin>/${name}`, text: readFileSync(join(directory, name), 'utf8') }));
}

/**
 * Finds Bun for a target. Its install script moves the program from the target's package to the package `bun`; npm may
 * have been told to run no such scripts. npm installs only this machine's package: another's is fetched.
 *
 * @param {keyof typeof RUNTIMES} target
 */
function runtimeOf(target) {
  const inPackage = join(root, 'node_modules', RUNTIMES[target], 'bin/bun');
  const moved = join(root, 'node_modules/bun/bin/bun.exe');
  // The file that the script replaces is a few hundred bytes long.
  const found = [inPackage, ...(target === host ? [moved] : [])].find(
    (path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1e6,
  );
  if (found !== undefined) return found;
  return target === host ? fail(`${RUNTIMES[target]} is not installed: run npm ci`) : fetchedRuntime(RUNTIMES[target]);
}

/**
 * Fetches a package that package-lock.json names, checks it against the lock, and gives the program in it.
 *
 * @param {string} name
 */
function fetchedRuntime(name) {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages[`node_modules/${name}`];
  const cache = join(root, '.cache/runtimes', `${name.replace(/.*\//, '')}-${lock.version}`);
  const program = join(cache, 'package/bin/bun');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const pack = spawnSync('npm', ['pack', `${name}@${lock.version}`, '--json', '--pack-destination', cache], {
    encoding: 'utf8',
  });
  if (pack.status !== 0) fail(`${name} cannot be fetched:\n${pack.stderr ?? pack.error}`);
  const tarball = join(cache, JSON.parse(pack.stdout)[0].filename);
  const digest = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (digest !== lock.integrity) fail(`${name} is not what package-lock.json says`);
  const unpack = spawnSync('tar', ['-xzf', tarball, '-C', cache], { encoding: 'utf8' });
  if (unpack.status !== 0) fail(`${tarball} cannot be unpacked: ${unpack.stderr}`);
  return program;
}

/**
 * @param {string} name
 * @returns {name is keyof typeof RUNTIMES}
 */
function isTarget(name) {
  return name in RUNTIMES;
}

/**
 * @param {string} reason
 * @returns {never}
 */
function fail(reason) {
  console.error(`build-executable: ${reason}`);
  process.exit(1);
}
