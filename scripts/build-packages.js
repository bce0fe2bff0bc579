// Builds what a release carries from the single executable: a Debian package, an archive, an SBOM (CycloneDX) and checksums.
// Usage: node scripts/build-packages.js [--target linux-x64|linux-arm64] [--outdir DIR]       (npm run build:packages)
// Needs dpkg-deb, tar and gzip, and for the shells' completions an executable that runs here. The same commit gives the same bytes:
// every time in them is the commit's, or SOURCE_DATE_EPOCH.
// @ts-check
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { billOfMaterials } from './packages/bill-of-materials.js';

/** Debian's name for a target's processor. */
const ARCHITECTURES = { 'linux-x64': 'amd64', 'linux-arm64': 'arm64' };

const root = fileURLToPath(new URL('..', import.meta.url));
const host = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';
const { values } = parseArgs({ options: { target: { type: 'string', default: host }, outdir: { type: 'string' } } });
const target = values.target === 'linux-arm64' ? 'linux-arm64' : 'linux-x64';
const outdir = resolve(values.outdir ?? join(root, 'dist/exe/packages'));
const executable = join(root, 'dist/exe', target === host ? '' : target, 'hooks');
const { version, description, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const epoch = Number(process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct'));
const environment = { ...process.env, SOURCE_DATE_EPOCH: String(epoch), LC_ALL: 'C' };

if (!existsSync(executable)) throw new Error(`${executable} is missing: npm run build:exe makes it`);
mkdirSync(outdir, { recursive: true });
const work = mkdtempSync(join(tmpdir(), 'hooks-packages-'));
try {
  const tree = join(work, 'tree');
  fill(tree);
  const names = [debianPackage(tree), archive(tree), bill()];
  // Another target's files of this release may lie there already.
  const all = readdirSync(outdir).filter((name) => name.startsWith('oci-hooks') && name.includes(version));
  const sums = all.sort().map((name) => `${sha256(readFileSync(join(outdir, name)))}  ${name}\n`);
  writeFileSync(join(outdir, 'SHA256SUMS'), sums.join(''));
  for (const name of [...names, 'SHA256SUMS']) console.log(join(outdir, name));
} finally {
  rmSync(work, { recursive: true, force: true });
}

/**
 * Lays the files out as they are on a node.
 *
 * @param {string} tree
 */
function fill(tree) {
  const share = join(tree, 'usr/share');
  put(join(tree, 'usr/bin/hooks'), readFileSync(executable), 0o755);
  // The same file under another name is the runtime wrapper, where it is built in.
  if (existsSync(join(root, 'dist/runtime-wrapper'))) symlinkSync('hooks', join(tree, 'usr/bin/hooks-runtime'));
  for (const page of readdirSync(join(root, 'man'))) {
    const section = page.slice(page.lastIndexOf('.') + 1);
    put(join(share, `man/man${section}/${page}.gz`), compressed(readFileSync(join(root, 'man', page))));
  }
  const completion = (/** @type {string} */ shell) => execFileSync(runnable(), ['completion', shell]);
  put(join(share, 'bash-completion/completions/hooks'), completion('bash'));
  put(join(share, 'zsh/vendor-completions/_hooks'), completion('zsh'));
  put(join(share, 'fish/vendor_completions.d/hooks.fish'), completion('fish'));
  const unit = 'oci-hooks-nri.service';
  put(join(tree, 'usr/lib/systemd/system', unit), readFileSync(join(root, 'deploy/systemd', unit)));
  for (const folder of ['schemas', 'hooks.d']) {
    cpSync(join(root, folder), join(share, 'oci-hooks', folder), { recursive: true });
  }
  cpSync(join(root, 'examples/configs'), join(share, 'oci-hooks/examples/configs'), { recursive: true });
  cpSync(join(root, 'examples/hooks.d'), join(share, 'oci-hooks/examples/hooks.d'), { recursive: true });
  const documents = join(share, 'doc/oci-hooks');
  put(join(documents, 'copyright'), Buffer.from(copyright()));
  put(join(documents, 'changelog.gz'), compressed(readFileSync(join(root, 'CHANGELOG.md'))));
  for (const name of ['README.md', 'SECURITY.md']) put(join(documents, name), readFileSync(join(root, name)));
  settle(tree);
}

/** @param {string} tree */
function debianPackage(tree) {
  const architecture = ARCHITECTURES[target];
  const name = `oci-hooks_${version}_${architecture}.deb`;
  const root = join(work, 'deb');
  cpSync(tree, root, { recursive: true, verbatimSymlinks: true });
  const files = filesIn(root);
  const bytes = files.reduce((sum, path) => sum + statSync(path).size, 0);
  const [summary = '', rest = ''] = description.split(': ');
  const control = {
    Package: 'oci-hooks',
    Version: version,
    Architecture: architecture,
    Maintainer: 'oci-hooks maintainers <maintainers@oci-hooks.invalid>',
    'Installed-Size': Math.ceil(bytes / 1024),
    // The C library that Bun was linked against: readelf --version-info.
    Depends: 'libc6 (>= 2.17)',
    Section: 'admin',
    Priority: 'optional',
    Description: `${summary}\n ${rest.charAt(0).toUpperCase()}${rest.slice(1)}.\n Nothing is active until \`hooks install\` is run.`,
  };
  const lines = Object.entries(control).map(([field, value]) => `${field}: ${value}\n`);
  put(join(root, 'DEBIAN/control'), Buffer.from(lines.join('')));
  const sums = files.map((path) => `${md5(readFileSync(path))}  ${relative(root, path)}\n`);
  put(join(root, 'DEBIAN/md5sums'), Buffer.from(sums.join('')));
  settle(root);
  // zstd: Debian 12 and later; gzip takes ten times as long for the same size.
  const options = ['--root-owner-group', '-Zzstd', '-z3', '--build'];
  execFileSync('dpkg-deb', [...options, root, join(outdir, name)], { env: environment, stdio: 'pipe' });
  return name;
}

/** @param {string} tree */
function archive(tree) {
  const name = `oci-hooks-${version}-${target}`;
  const folder = join(work, name);
  cpSync(join(tree, 'usr'), folder, { recursive: true, verbatimSymlinks: true });
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  settle(folder);
  const order = ['--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner', '--format=gnu'];
  const tar = ['--create', '--use-compress-program=gzip -n', `--file=${join(outdir, `${name}.tar.gz`)}`];
  execFileSync('tar', [...tar, ...order, '-C', work, name], { env: environment });
  return `${name}.tar.gz`;
}

function bill() {
  const name = `oci-hooks-${version}-${target}.cdx.json`;
  writeFileSync(join(outdir, name), billOfMaterials(root, epoch));
  return name;
}

/** The executable that makes the completions: the target's own where it runs here, else this machine's. */
function runnable() {
  return target === host ? executable : join(root, 'dist/exe/hooks');
}

function copyright() {
  return [
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: oci-hooks',
    '',
    'Files: *',
    'Copyright: The oci-hooks authors',
    `License: ${license}`,
    ' On Debian systems the text is in /usr/share/common-licenses/Apache-2.0.',
    '',
    'Comment: usr/bin/hooks holds Bun (MIT) and the packages that the SBOM of the release lists.',
    '',
  ].join('\n');
}

/**
 * @param {string} path
 * @param {Buffer} bytes
 * @param {number} [mode]
 */
function put(path, bytes, mode = 0o644) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes, { mode });
}

/**
 * Gives every file the modes and the time that do not depend on who builds.
 *
 * @param {string} tree
 */
function settle(tree) {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
    lutimesSync(path, epoch, epoch);
  }
  chmodSync(tree, 0o755);
  lutimesSync(tree, epoch, epoch);
}

/** @param {string} tree */
function filesIn(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** @param {Buffer} bytes */
function compressed(bytes) {
  const packed = gzipSync(bytes, { level: 9 });
  // Byte 9 names the system that packed; "unknown" is the same everywhere.
  packed[9] = 255;
  return packed;
}

/** @param {Buffer} bytes */
function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @param {Buffer} bytes */
function md5(bytes) {
  return createHash('md5').update(bytes).digest('hex');
}

/** @param {readonly string[]} args */
function git(...args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
