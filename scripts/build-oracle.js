// Builds the oracle's driver (test/oracle, Go) into .cache/oracle/ and prints its path.
// Exit 0: built, or already up to date. Exit 2: Go or the reference package is not installed; says so on stderr.
// Needs Debian's golang-go and golang-github-containers-common-dev; nothing is downloaded.
// @ts-check
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'test/oracle');
const cache = join(root, '.cache/oracle');
const gopath = '/usr/share/gocode';
const reference = join(gopath, 'src/github.com/containers/common/pkg/hooks');

const environment = {
  ...process.env,
  GO111MODULE: 'off',
  GOPATH: gopath,
  GOFLAGS: '',
  GOTOOLCHAIN: 'local',
  CGO_ENABLED: '0',
  // Go refuses to build without a cache folder, and in a bare environment it has none.
  GOCACHE: process.env['GOCACHE'] ?? (homedir() === '/' ? join(cache, 'go-build') : join(homedir(), '.cache/go-build')),
};

const version = spawnSync('go', ['version'], { env: environment, encoding: 'utf8' });
if (version.error || version.status !== 0) {
  console.error('go is not installed (Debian: golang-go)');
  process.exit(2);
}
if (!existsSync(join(reference, 'hooks.go'))) {
  console.error(`${reference} is not there (Debian: golang-github-containers-common-dev)`);
  process.exit(2);
}

const name = `driver-${fingerprint()}`;
const driver = join(cache, name);
if (!existsSync(driver)) {
  mkdirSync(cache, { recursive: true });
  for (const old of readdirSync(cache)) {
    if (old.startsWith('driver-') && !old.startsWith(name)) rmSync(join(cache, old), { force: true });
  }
  // Two test processes may build at once: each writes its own file, and the rename decides.
  const own = `${driver}.${process.pid}`;
  const build = spawnSync('go', ['build', '-o', own, './test/oracle'], {
    cwd: root,
    env: environment,
    stdio: 'inherit',
  });
  if (build.status !== 0) process.exit(1);
  renameSync(own, driver);
}
process.stdout.write(`${driver}\n`);

/** Names a build by all that goes into it: our sources, the reference's and the compiler. */
function fingerprint() {
  const hash = createHash('sha256').update(version.stdout);
  for (const folder of [sources, reference, join(reference, '1.0.0'), join(reference, '0.1.0')]) {
    for (const name of readdirSync(folder).sort()) {
      if (name.endsWith('.go')) hash.update(name).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
