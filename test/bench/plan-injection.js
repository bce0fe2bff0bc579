// Measures how long it takes to decide which hooks one container gets, in process: `planInjection` against the
// reference package (Go, test/oracle), same definitions, same container, one run, so that the ratio means something.
// Usage: npm run build && npm run bench            (prints a table; needs what scripts/build-oracle.js needs)
// @ts-check
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDriver, config, writeDefinitions } from './definition-load.js';

/** @typedef {import('./definition-load.js').Load} Load */
/** @typedef {{ ns: number, injected: number }} Measured */

/** @type {typeof import('../../src/index.ts')} */
const library = await import(new URL('../../dist/index.js', import.meta.url).href);

const COUNTS = [10, 100, 1_000, 10_000];
const MATCHING = [0.01, 0.5];
const ROUNDS = 3;
const REFERENCE_SECONDS = '0.3s';
const OWN_MILLISECONDS = 300;
// Different containers in turn, as on a node: the keys recur, the values do not.
const CONTAINERS = 64;

const driver = buildDriver();
const base = mkdtempSync(join(tmpdir(), 'hooks-bench-'));
try {
  console.log('definitions  patterns  matching   reference us       hooks us      ratio   (median of %d)', ROUNDS);
  for (const patterns of /** @type {const} */ (['literal', 'regex'])) {
    for (const matching of MATCHING) {
      for (const count of COUNTS) console.log(await row({ count, patterns, matching }));
    }
  }
} finally {
  rmSync(base, { recursive: true, force: true });
}

/** @param {Load} load */
async function row(load) {
  const directory = join(base, `${load.patterns}-${load.matching}-${load.count}`);
  writeDefinitions(directory, load);
  const configPath = join(base, 'config.json');
  writeFileSync(configPath, JSON.stringify(config(0)));
  const catalog = await library.loadCatalog([directory], { trust: 'ignore' });

  /** @type {{ reference: Measured, own: Measured }[]} */
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const reference = measureReference(directory, configPath);
    const own = measureOwn(catalog);
    if (reference.injected !== own.injected) {
      throw new Error(`the reference injects ${reference.injected} hooks, hooks ${own.injected}`);
    }
    rounds.push({ reference, own });
  }
  rounds.sort((one, other) => one.reference.ns / one.own.ns - other.reference.ns / other.own.ns);
  const median = rounds[Math.floor(ROUNDS / 2)];
  if (!median) throw new Error('nothing was measured');
  const { reference, own } = median;
  return [
    String(load.count).padStart(11),
    load.patterns.padStart(9),
    `${load.matching * 100} %`.padStart(9),
    (reference.ns / 1e3).toFixed(1).padStart(14),
    (own.ns / 1e3).toFixed(2).padStart(14),
    `${(reference.ns / own.ns).toFixed(0)}x`.padStart(10),
  ].join(' ');
}

/**
 * @param {string} directory
 * @param {string} configPath
 * @returns {Measured}
 */
function measureReference(directory, configPath) {
  const args = ['bench', '--for', REFERENCE_SECONDS, '--hooks-dir', directory, configPath];
  const { status, stdout, stderr } = spawnSync(driver, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const { nsPerEvaluation, injected } = JSON.parse(stdout);
  return { ns: nsPerEvaluation, injected };
}

/**
 * @param {Awaited<ReturnType<typeof library.loadCatalog>>} catalog
 * @returns {Measured}
 */
function measureOwn(catalog) {
  const configs = Array.from({ length: CONTAINERS }, (_, index) => config(index));
  /** @param {number} turn */
  const evaluate = (turn) => {
    // The view is part of the work: the reference, too, starts from a config that has been parsed.
    const container = library.containerFromConfig(configs[turn % CONTAINERS] ?? config(0), { hasBindMounts: false });
    return library.planInjection(catalog, container).entries.length;
  };
  let injected = 0;
  for (let turn = 0; turn < CONTAINERS; turn++) injected = evaluate(turn);
  let evaluations = 0;
  const start = process.hrtime.bigint();
  const end = start + BigInt(OWN_MILLISECONDS) * 1_000_000n;
  let now = start;
  while (now < end) {
    for (let turn = 0; turn < 8; turn++) injected = evaluate(evaluations + turn);
    evaluations += 8;
    now = process.hrtime.bigint();
  }
  return { ns: Number(now - start) / evaluations, injected };
}
