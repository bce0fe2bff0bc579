import type { InjectFlags } from './commands/inject.ts';

/** A command line of `hooks inject`: its argument and its flags. */
export interface InjectArguments {
  readonly path: string;
  readonly flags: InjectFlags;
}

type Name = keyof InjectFlags & string;

const SWITCHES: ReadonlyMap<string, Name> = new Map<string, Name>([
  ['--in-place', 'inPlace'],
  ['--dry-run', 'dryRun'],
  ['--builtin', 'builtin'],
  ['--strict-permissions', 'strictPermissions'],
  ['--quiet', 'quiet'],
  ['--json', 'json'],
]);

const VALUES: ReadonlyMap<string, Name> = new Map<string, Name>([
  ['--output', 'output'],
  ['-o', 'output'],
  ['--report', 'report'],
]);

const LISTS: ReadonlyMap<string, Name> = new Map<string, Name>([
  ['--hooks-dir', 'hooksDir'],
  ['--extension-stage', 'extensionStage'],
]);

/**
 * Reads a plain command line of `hooks inject` without the package that reads all others: a container waits for this one.
 * Whatever is not plain (help, mistakes, `--flag=value`, rare flags) gives undefined, and is read by `createProgram`,
 * which says the same of all that is read here; a test holds the two together.
 */
export function readInjectArguments(args: readonly string[]): InjectArguments | undefined {
  if (args[0] !== 'inject') return undefined;
  const flags: Partial<Record<Name, unknown>> = { hasBindMounts: 'user', prestart: 'prestart', duplicates: 'skip' };
  let path: string | undefined;
  for (let index = 1; index < args.length; index++) {
    const argument = args[index] ?? '';
    if (!argument.startsWith('-') || argument === '-') {
      if (path !== undefined) return undefined;
      path = argument;
      continue;
    }
    const name = SWITCHES.get(argument);
    if (name !== undefined) {
      flags[name] = true;
      continue;
    }
    const value = args[++index];
    if (value === undefined || value.startsWith('-')) return undefined;
    const single = VALUES.get(argument);
    const list = LISTS.get(argument);
    if (single !== undefined) flags[single] = value;
    else if (list !== undefined) flags[list] = [...((flags[list] as readonly string[] | undefined) ?? []), value];
    else return undefined;
  }
  // What is required has a default above, and each name was given a value of its type.
  return path === undefined ? undefined : { path, flags: flags as InjectFlags };
}
