import { describe, expect, it } from 'vitest';
import { config, definition, directoryWith, MAIN, run } from './run.ts';

/** Gives the packages that a run loads, by the files of node_modules that the loader of ES modules is asked for. */
function packagesLoadedBy(args: readonly string[], cwd: string): string[] {
  const script = `
    import { register } from 'node:module';
    const hooks = 'export async function load(url, context, next) { const found = /node_modules\\\\/((?:@[^/]+\\\\/)?[^/]+)/.exec(url); if (found) console.error("loaded " + found[1]); return next(url, context); }';
    register('data:text/javascript,' + encodeURIComponent(hooks));
  `;
  const preload = `data:text/javascript,${encodeURIComponent(script)}`;
  const { stderr } = run([process.execPath, '--import', preload, MAIN, ...args], { cwd });
  return [...new Set([...stderr.matchAll(/^loaded (\S+)$/gm)].map((match) => match[1] ?? ''))].toSorted();
}

const directory = (): string =>
  directoryWith({
    'config.json': config(),
    'literal/10.json': definition({ annotations: { '^gpu$': '^all$' }, commands: ['^/bin/sh$'] }),
    'regex/10.json': definition({ commands: ['^/bin/[a-z]+$'] }),
    'yaml/10.yaml': 'version: 1.0.0\nhook: {path: /usr/bin/true}\nwhen: {always: true}\nstages: [poststop]\n',
  });

describe('a command loads only the packages that it needs', () => {
  it.each([
    [['--version'], ['commander']],
    [['--help'], ['commander']],
    [['inject', '--hooks-dir', 'literal', 'config.json'], []],
    [['inject', '--hooks-dir', 'literal', '--in-place', 'config.json'], []],
    [['inject', '--hooks-dir', 'literal', '--dry-run', 'config.json'], ['diff']],
    [['inject', '--hooks-dir', 'regex', 'config.json'], ['re2js']],
    [['inject', '--hooks-dir', 'yaml', 'config.json'], ['yaml']],
    [['explain', '--hooks-dir', 'literal', 'config.json'], ['commander']],
    [
      ['explain', '--hooks-dir', 'regex', '--hooks-dir', 'yaml', 'config.json'],
      ['commander', 're2js', 'yaml'],
    ],
    [['validate', 'literal'], ['commander']],
    [['convert', 'literal/10.json'], ['commander']],
    [
      ['convert', '--to', 'yaml', 'literal/10.json'],
      ['commander', 'yaml'],
    ],
    [['install', 'new', '--definition', 'literal/10.json'], ['commander']],
    [['list', '--hooks-dir', 'literal'], ['commander']],
  ])('hooks %j: %j', (args, packages) => {
    expect(packagesLoadedBy(args, directory())).toEqual(packages);
  });
});
