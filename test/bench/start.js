// Measures a whole run of `hooks inject`, from exec to exit: the single executable against the reference package (Go, test/oracle)
// compiled, same definitions, same config, alternately in one run by hyperfine, so that the ratio means something.
// Usage: npm run build:exe && node test/bench/start.js [--node | --floor] [--runs N]    (needs hyperfine, and /usr/bin/time for
// the memory). --floor measures start-floor.js in place of the executable: first Bun alone, then the least that reads definitions.
// On a machine that does other work too, `chrt --fifo 10` in front keeps that from being measured.
// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: {
    node: { type: 'boolean', default: false },
    floor: { type: 'boolean', default: false },
    runs: { type: 'string', default: '40' },
  },
});
const driver = run(process.execPath, [join(root, 'scripts/build-oracle.js')]).stdout.trim();
const base = mkdtempSync(join(tmpdir(), 'hooks-start-'));
try {
  const node = [process.execPath, join(root, 'dist/cli/main.js')];
  const own = values.node ? node : [values.floor ? buildFloor() : join(root, 'dist/exe/hooks')];
  console.log('definitions   reference ms   hooks ms   ratio   hooks MB (peak)');
  if (values.floor) console.log(row(0, own));
  for (const count of [10, 100, 1_000]) console.log(row(count, own));
} finally {
  rmSync(base, { recursive: true, force: true });
}

/**
 * @param {number} count - of definitions; for 0 the reference reads 10, and the program is given nothing to do
 * @param {readonly string[]} own
 */
function row(count, own) {
  const directory = join(base, `hooks.d-${count}`);
  const config = join(base, 'config.json');
  write(directory, config, count || 10);
  const given = ['inject', '--hooks-dir', directory, config];
  const args = count === 0 ? [] : given;
  const [reference, ours] = [[driver, ...given].join(' '), [...own, ...args].join(' ')];
  const report = join(base, 'report.json');
  const flags = ['-N', '--warmup', '5', '--runs', values.runs, '--export-json', report];
  run('hyperfine', [...flags, reference ?? '', ours ?? '']);
  const [peer, self] = JSON.parse(readFileSync(report, 'utf8')).results;
  const peak = run('/usr/bin/time', ['--format', '%M', ...own, ...args])
    .stderr.trim()
    .split('\n')
    .at(-1);
  return [
    String(count).padStart(11),
    (peer.median * 1e3).toFixed(1).padStart(14),
    (self.median * 1e3).toFixed(1).padStart(10),
    (self.median / peer.median).toFixed(2).padStart(7),
    (Number(peak) / 1024).toFixed(0).padStart(17),
  ].join(' ');
}

/** Compiles the least program as scripts/build-executable.js compiles ours. */
function buildFloor() {
  const program = join(base, 'floor');
  const tsconfig = join(base, 'tsconfig.json');
  writeFileSync(tsconfig, '{}');
  const places = [
    'node_modules/bun/bin/bun.exe',
    `node_modules/@oven/bun-linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}/bin/bun`,
  ];
  // Where npm may not run scripts, the first is a few hundred bytes long.
  const bun =
    places
      .map((path) => join(root, path))
      .find((path) => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 1e6) ?? 'bun';
  const flags = ['--compile', '--bytecode', '--minify', '--format=esm', '--compile-jit-policy=30'];
  run(bun, [
    'build',
    join(root, 'test/bench/start-floor.js'),
    ...flags,
    `--tsconfig-override=${tsconfig}`,
    `--outfile=${program}`,
  ]);
  return program;
}

/**
 * Writes definitions as device vendors ship them: one annotation each, literal. One in a hundred matches, at least one.
 *
 * @param {string} directory
 * @param {string} configPath
 * @param {number} count
 */
function write(directory, configPath, count) {
  mkdirSync(directory);
  for (let index = 0; index < count; index++) {
    const definition = {
      version: '1.0.0',
      hook: { path: '/bin/sh', args: ['sh', '-c', `exit ${index}`] },
      when: { annotations: { [`^com\\.example\\.device${index}$`]: '^true$' } },
      stages: ['createRuntime'],
    };
    writeFileSync(
      join(directory, `${String(index).padStart(4, '0')}-vendor.json`),
      JSON.stringify(definition, null, 2),
    );
  }
  const config = JSON.parse(readFileSync(join(root, 'examples/configs/runc.json'), 'utf8'));
  config.annotations = Object.fromEntries(
    Array.from({ length: 10 }, (_, index) => [`com.example.device${index * 100 + 5}`, 'true']),
  );
  writeFileSync(configPath, JSON.stringify(config, null, 2));
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 */
function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (error || status !== 0) throw new Error(`${command}: ${error?.message ?? stderr}`);
  return { stdout, stderr };
}
