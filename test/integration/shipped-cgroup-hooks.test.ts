import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { createCatalog, planInjection } from '../../src/index.ts';

const DIRECTORY = new URL('../../hooks.d/', import.meta.url);
const files = readdirSync(DIRECTORY).filter((name) => name.endsWith('.json'));
const catalog = createCatalog(
  files.map((name) => ({ path: `/shipped/${name}`, text: readFileSync(new URL(name, DIRECTORY), 'utf8') })),
);

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
    const helper = createProgram().commands.find((command) => command.name() === 'helper');
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
