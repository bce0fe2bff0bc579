import { isGood } from './catalog-keeper.ts';
import { ANSWER_BOUNDS } from './counts.ts';
import { OUTCOMES } from './decision.ts';
import { definitionsInForce, type PluginState } from './plugin-state.ts';

const PREFIX = 'oci_hooks_nri_';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number, suffix?: string];

/** Gives the metrics in the text format of Prometheus, version 0.0.4. */
export function metricsText(state: PluginState): string {
  const { counts, catalog, connection, comparison } = state;
  const { answers } = counts;
  const histogram: Sample[] = [
    ...ANSWER_BOUNDS.map((bound, index): Sample => [{ le: String(bound) }, answers.buckets[index] ?? 0, '_bucket']),
    [{ le: '+Inf' }, answers.count, '_bucket'],
    [{}, answers.seconds, '_sum'],
    [{}, answers.count, '_count'],
  ];
  return [
    ...metric('connected', 'gauge', 'Whether the plugin is registered.', [[{}, connection.step === 'ready' ? 1 : 0]]),
    ...metric('connects_total', 'counter', 'Sessions with the runtime.', [[{}, counts.connects]]),
    ...metric(
      'containers_total',
      'counter',
      'Containers seen, by what became of them.',
      OUTCOMES.map((outcome): Sample => [{ outcome }, counts.containers[outcome]]),
    ),
    ...metric(
      'hooks_injected_total',
      'counter',
      'Hooks injected, by definition.',
      named(counts.injected, 'definition'),
    ),
    ...metric('errors_total', 'counter', 'What kept containers from being decided on.', named(counts.errors, 'code')),
    ...metric('answer_seconds', 'histogram', 'Time to answer CreateContainer.', histogram),
    ...metric('stalls_total', 'counter', 'Times the plugin stood still or was slow.', [[{}, counts.stalls.count]]),
    ...metric('catalog_generation', 'gauge', 'Catalogs that came into force.', [[{}, catalog.generation]]),
    ...metric('catalog_good', 'gauge', 'Whether there is a good catalog.', [[{}, isGood(catalog) ? 1 : 0]]),
    ...metric('catalog_stale', 'gauge', 'Whether the files have errors now.', [[{}, catalog.isStale ? 1 : 0]]),
    ...metric('catalog_definitions', 'gauge', 'Definitions in force.', [[{}, definitionsInForce(state)]]),
    ...metric('catalog_inactive', 'gauge', 'Definitions without their program.', [
      [{}, catalog.catalog?.inactive.length ?? 0],
    ]),
    ...metric('catalog_last_good_timestamp_seconds', 'gauge', 'When the catalog in force was loaded.', [
      [{}, (catalog.lastGoodAt?.getTime() ?? 0) / 1000],
    ]),
    ...metric('missing_hooks', 'gauge', 'Hooks that running containers lacked at the last synchronization.', [
      [{}, comparison?.missingCount ?? 0],
    ]),
    '',
  ].join('\n');
}

function metric(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  const whole = PREFIX + name;
  return [
    `# HELP ${whole} ${help}`,
    `# TYPE ${whole} ${type}`,
    ...samples.map(([labels, value, suffix = '']) => `${whole}${suffix}${labelText(labels)} ${value}`),
  ];
}

function named(counts: ReadonlyMap<string, number>, label: string): Sample[] {
  return [...counts].map(([name, count]) => [{ [label]: name }, count]);
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
