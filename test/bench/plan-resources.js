// Measures how long it takes to plan a full block of linux.resources for cgroup v2 with systemd properties, in process.
// The peer is JSON.parse with JSON.stringify of the same block: what any program pays that so much as copies it.
// Usage: npm run build && node test/bench/plan-resources.js
// @ts-check
import { readFileSync } from 'node:fs';
import { Bench } from 'tinybench';

/** @type {typeof import('../../src/core/oci/exact-json.ts')} */
const { parseExactJson } = await import(new URL('../../dist/core/oci/exact-json.js', import.meta.url).href);
/** @type {typeof import('../../src/linux/cgroup/resource-plan.ts')} */
const { planResources } = await import(new URL('../../dist/linux/cgroup/resource-plan.js', import.meta.url).href);

const text = readFileSync(
  new URL('../cases/cgroup-plan/v2-runc-full-block-in-order/resources.json', import.meta.url),
  'utf8',
);
const json = parseExactJson(text);
const bench = new Bench({ time: 500 });
bench
  .add('copy as JSON (peer)', () => JSON.stringify(JSON.parse(text)))
  .add('plan, parsed before', () => planResources(json, { cgroup: 2 }))
  .add('parse and plan, with properties', () => planResources(parseExactJson(text), { cgroup: 2, systemd: 252 }));
await bench.run();
const median = bench.tasks.map(({ name, result }) => ({
  name,
  us: 'latency' in result ? result.latency.p50 * 1000 : NaN,
}));
const peer = median[0]?.us ?? Number.NaN;
for (const { name, us } of median)
  console.log(`${name.padEnd(34)} ${us.toFixed(1).padStart(8)} us  ${(us / peer).toFixed(2)}x`);
