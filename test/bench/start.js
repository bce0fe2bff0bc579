// Measures a whole run of `hooks inject`, from exec to exit: the single executable against the reference package (Go, test/oracle)
// compiled, same definitions, same config, alternately in one run by hyperfine, so that the ratio means something.
// Usage: npm run build:exe && node test/bench/start.js [--node] [--runs N]    (needs hyperfine, and /usr/bin/time for the memory)
// On a machine that does other work too, `chrt --fifo 10` in front keeps that from being measured.
// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { node: { type: 'boolean', default: false }, runs: { type: 'string', default: '40' } },
});
const driver = run(process.execPath, [join(root, 'scripts/build-oracle.js')]).stdout.trim();
const own = values.node ? [process.execPath, join(root, 'dist/cli/main.js')] : [join(root, 'dist/exe/hooks')];
const base = mkdtempSync(join(tmpdir(), 'hooks-start-'));
try {
  console.log('definitions   reference ms   hooks ms   ratio   hooks MB (peak)');
  for (const count of [10, 100, 1_000]) console.log(row(count));
} finally {
  rmSync(base, { recursive: true, force: true });
}

/** @param {number} count */
function row(count) {
  const directory = join(base, `hooks.d-${count}`);
  const config = join(base, 'config.json');
  write(directory, config, count);
  const args = ['inject', '--hooks-dir', directory, config];
  const [reference, ours] = [driver, own.join(' ')].map((program) => `${program} ${args.join(' ')}`);
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
