// Time that a wrapper adds to a call of the runtime: hooks-runtime against two of Go that do less (runtime-wrapper/*.go), and
// against the least that an executable of Bun can do (floor.js), which is the floor under ours.
// The runtime is /bin/true; what is shown is the time above starting it alone. Rounds are interleaved; medians count.
// Usage: npm run build:exe && node test/bench/runtime-wrapper.js [ROUNDS]     Needs Go, root, and an idle machine.
// @ts-check
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rounds = Number(process.argv[2] ?? 40);
const work = mkdtempSync('/tmp/hooks-bench-');
process.on('exit', () => {
  rmSync(work, { recursive: true, force: true });
  rmSync(noted, { force: true });
});

const hook = { path: '/bin/true', args: ['true', '--bench'], timeout: 10 };
const definition = {
  version: '1.0.0',
  hook,
  when: { annotations: { '^com\\.example\\.gpu$': '^all$' } },
  stages: ['createRuntime'],
};
mkdirSync(join(work, 'hooks.d'));
for (let index = 0; index < 10; index++) {
  const when = index === 0 ? definition.when : { annotations: { [`^com\\.example\\.other${index}$`]: '^all$' } };
  writeFileSync(join(work, `hooks.d/${index}.json`), JSON.stringify({ ...definition, when }));
}
writeFileSync(join(work, 'add.json'), JSON.stringify({ createRuntime: [hook] }));
writeFileSync(join(work, 'runtime.yaml'), JSON.stringify({ runtime: '/bin/true', hooksDirs: [`${work}/hooks.d`] }));
symlinkSync(join(root, 'dist/exe/hooks'), join(work, 'hooks-runtime'));
// As the wrapper notes the runtime that made the last container, so that other commands read no settings.
const noted = `/run/oci-hooks/@runtime/hooks-runtime-${process.pid}`;
mkdirSync(dirname(noted), { recursive: true, mode: 0o700 });
symlinkSync('/bin/true', noted);
symlinkSync(join(root, 'dist/exe/hooks'), join(work, basename(noted)));
for (const name of ['exec', 'edit']) {
  const source = join(root, `test/bench/runtime-wrapper/${name}.go`);
  const args = ['build', '-o', join(work, name), source];
  const built = spawnSync('go', args, { env: { ...process.env, GO111MODULE: 'off' }, stdio: 'inherit' });
  if (built.status !== 0) process.exit(1);
}

// npm puts Bun into the target's package, and its install script moves it into the other.
const bun = [
  'node_modules/@oven/bun-linux-x64/bin/bun',
  'node_modules/@oven/bun-linux-aarch64/bin/bun',
  'node_modules/bun/bin/bun.exe',
]
  .map((path) => join(root, path))
  .find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1e6);
if (bun === undefined) throw new Error('Bun is not installed: run npm ci');
const floor = join(root, 'test/bench/runtime-wrapper/floor.js');
const options = ['--compile', '--bytecode', '--minify', '--format=esm', '--compile-jit-policy=30'];
const compiled = spawnSync(bun, ['build', floor, ...options, `--outfile=${join(work, 'floor')}`], { encoding: 'utf8' });
if (compiled.status !== 0) throw new Error(compiled.stderr);

// With an annotation that one definition asks for.
const config = join(work, 'config.json');
const example = JSON.parse(readFileSync(join(root, 'examples/configs/containerd.json'), 'utf8'));
writeFileSync(
  config,
  JSON.stringify({ ...example, annotations: { ...example.annotations, 'com.example.gpu': 'all' } }),
);
const bundle = join(work, 'bundle');
mkdirSync(bundle);
const create = ['--root', '/run/x', 'create', '--bundle', bundle, '--pid-file', join(bundle, 'pid'), 'c1'];
const state = ['--root', '/run/x', 'state', 'c1'];
const environment = { PATH: process.env['PATH'], REAL_RUNTIME: '/bin/true', HOOKS_TO_ADD: join(work, 'add.json') };

const CASES = [
  { name: 'the runtime alone', program: '/bin/true', args: state },
  { name: 'state: a bare Go exec', program: join(work, 'exec'), args: state },
  { name: 'state: a bare exec by Bun', program: join(work, 'floor'), args: state },
  { name: 'state: a Go parent', program: join(work, 'edit'), args: state },
  { name: 'state: hooks-runtime', program: join(work, basename(noted)), args: state },
  { name: 'create: a bare Go exec', program: join(work, 'exec'), args: create },
  { name: 'create: a Go parent that edits', program: join(work, 'edit'), args: create },
  {
    name: 'create: hooks-runtime, 10 definitions',
    program: join(work, 'hooks-runtime'),
    args: create,
    settings: { OCI_HOOKS_CONFIG: join(work, 'runtime.yaml') },
  },
];
/** @type {Map<string, number[]>} */
const times = new Map(CASES.map(({ name }) => [name, []]));
for (let round = 0; round < rounds + 3; round++) {
  for (const { name, program, args, settings } of CASES) {
    copyFileSync(config, join(bundle, 'config.json'));
    const env = { ...environment, ...settings };
    const start = process.hrtime.bigint();
    const { status } = spawnSync(program, args, { env, stdio: 'ignore' });
    const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
    if (status !== 0) throw new Error(`${name}: status ${status}`);
    // The first rounds fill caches.
    if (round >= 3) times.get(name)?.push(milliseconds);
  }
}

/** @param {string} name */
function median(name) {
  const sorted = (times.get(name) ?? []).sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
const alone = median('the runtime alone');
/** @param {string} name */
const added = (name) => median(name) - alone;
for (const { name } of CASES) console.log(`${median(name).toFixed(1).padStart(6)} ms  ${name}`);
console.log(
  `state:  adds ${(added('state: hooks-runtime') / added('state: a bare Go exec')).toFixed(1)} x a bare Go exec, ` +
    `${(added('state: hooks-runtime') / added('state: a bare exec by Bun')).toFixed(1)} x a bare exec by Bun`,
);
console.log(
  `create: adds ${(added('create: hooks-runtime, 10 definitions') / added('create: a bare Go exec')).toFixed(1)} x a bare Go exec, ` +
    `${(added('create: hooks-runtime, 10 definitions') / added('create: a Go parent that edits')).toFixed(1)} x a Go parent that edits`,
);
