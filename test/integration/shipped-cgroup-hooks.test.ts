import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { type Catalog, createCatalog, planInjection } from '../../src/index.ts';

function catalogOf(folder: string): Catalog {
  const directory = new URL(`../../${folder}/`, import.meta.url);
  const files = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return createCatalog(
    files.map((name) => ({ path: `/shipped/${name}`, text: readFileSync(new URL(name, directory), 'utf8') })),
  );
}

const catalog = catalogOf('hooks.d');
const optIn = catalogOf('examples/opt-in');
const helper = createProgram().commands.find((command) => command.name() === 'helper');

const injected = (annotations: Record<string, string>): unknown[] =>
  planInjection(catalog, { args: ['/bin/true'], annotations, hasBindMounts: false }).entries.map(({ stage, hook }) => [
    stage,
    hook.args,
  ]);

describe('the shipped cgroup hooks', () => {
  it('are valid', () => {
    expect(catalog.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  });

  it('run verbs that the program has', () => {
    const verbs = helper?.commands.map((command) => command.name()) ?? [];
    expect(catalog.definitions.map(({ hook }) => hook.args?.[2]).filter((verb) => !verbs.includes(verb ?? ''))).toEqual(
      [],
    );
  });

  it.each(['unified', 'memory-qos', 'oom', 'systemd-props'])('inject %s for its own annotations alone', (verb) => {
    expect(injected({ [`io.oci-hooks.${verb}.x`]: '1' })).toEqual([['createRuntime', ['hooks', 'helper', verb]]]);
    expect(injected({ [`io.oci-hooks.${verb}`]: '1', [`com.example.io.oci-hooks.${verb}.x`]: '1' })).toEqual([]);
  });
});

describe('the definitions to opt in to', () => {
  it('are valid', () => {
    expect(optIn.diagnostics).toEqual([]);
  });

  it('are there for the helpers that no shipped definition runs', () => {
    const verbs = ({ definitions }: Catalog) => definitions.map(({ hook }) => hook.args?.[2] ?? '');
    expect(verbs(optIn)).toEqual(['resources', 'delegate', 'psi', 'compat-dir', 'sandbox-overhead']);
    expect(verbs(catalog).filter((verb) => verbs(optIn).includes(verb))).toEqual([]);
  });

  it.each(optIn.definitions.map(({ hook }) => hook.args ?? []))(
    'has flags that the program knows: %s %s %s',
    (...args) => {
      const own = args.slice(0, args.includes('--') ? args.indexOf('--') : args.length);
      const verb = helper?.commands.find((command) => command.name() === own[2]);
      const known = verb?.options.map(({ long }) => long);
      expect(known).toEqual(expect.arrayContaining(own.filter((word) => word.startsWith('--'))));
    },
  );
});
