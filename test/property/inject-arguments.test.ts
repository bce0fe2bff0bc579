import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readInjectArguments } from '../../src/cli/inject-arguments.ts';
import { createProgram } from '../../src/cli/program.ts';

/** Gives what commander makes of a command line of `hooks inject`; undefined where it refuses it. */
function readByCommander(args: readonly string[]): { path: unknown; flags: unknown } | undefined {
  const program = createProgram().configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  const inject = program.commands.find((command) => command.name() === 'inject');
  let read: { path: unknown; flags: unknown } | undefined;
  inject?.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  inject?.action((path: unknown, flags: unknown) => {
    read = { path, flags };
  });
  try {
    program.parse([...args], { from: 'user' });
  } catch {
    return undefined;
  }
  return read;
}

const word = fc.constantFrom(
  ...[
    'config.json',
    '-',
    '',
    'a b',
    'inject',
    'user',
    'keep',
    '--',
    '-o',
    '-ofile',
    '-h',
    '--help',
    '--output',
    '--output=x',
  ],
  ...[
    '--report',
    '--in-place',
    '--dry-run',
    '--builtin',
    '--strict-permissions',
    '--quiet',
    '--json',
    '--hooks-dir',
    'd',
    '-x',
  ],
  ...[
    '--hooks-dir=d',
    '--extension-stage',
    'precreate',
    '--has-bind-mounts',
    '--prestart',
    '--duplicates',
    '--run-precreate',
  ],
  ...['--runtime', '--no-quiet', '--Quiet', '--quie', '-V', '--version'],
);

describe('a plain command line of inject', () => {
  // Law: what is read without commander is what commander reads, for any words; commander may read more.
  it('is read as commander reads it', () => {
    let plain = 0;
    fc.assert(
      fc.property(fc.array(word, { maxLength: 7 }), (words) => {
        const own = readInjectArguments(['inject', ...words]);
        if (own === undefined) return;
        plain++;
        expect(readByCommander(['inject', ...words])).toEqual(own);
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(100);
  });

  it.each([
    [['config.json']],
    [['--in-place', 'config.json']],
    [['--quiet', '--hooks-dir', 'a', '--hooks-dir', 'b', 'config.json']],
    [['-o', 'out.json', '--report', 'report.json', 'config.json']],
    [['-']],
  ])('is plain: inject %j', (words) => {
    expect(readInjectArguments(['inject', ...words])).toEqual(readByCommander(['inject', ...words]));
  });

  it('of another command is none', () => {
    expect(readInjectArguments(['explain', 'config.json'])).toBeUndefined();
  });
});
