import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hooks } from '../hooks-program.ts';
import { requires, root } from '../requirement.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLES = join(REPOSITORY, 'examples/configs');
const RARE = join(REPOSITORY, 'test/cases/real-config');
const DIRECTORIES = ['gpu', 'v0.1.0', 'yaml'].flatMap((name) => [
  '--hooks-dir',
  join(REPOSITORY, 'examples/hooks.d', name),
]);

const WITHOUT_ARGS = ['containerd-no-args.json', 'windows.json'];
const AUDIT = { path: '/usr/bin/true', args: ['audit', '--log', '/var/log/containers-audit.log'], timeout: 5 };

const GPU = ['10-gpu-devices.json', '20-gpu-libraries.json', '90-gpu-release.json'];
const ALWAYS = ['10-audit.yaml'];

/** Which definitions of examples/hooks.d each example config gets. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  'podman.json': [...GPU, ...ALWAYS, '20-umount.json', '30-register.json', '20-data-mounts.yml'],
  'podman-kube.json': [...GPU, ...ALWAYS, '20-umount.json', '30-register.json', '20-data-mounts.yml'],
  'podman-rootless.json': [...ALWAYS, '20-umount.json', '30-register.json', '20-data-mounts.yml'],
  'containerd.json': [...GPU, ...ALWAYS, '20-umount.json', '30-register.json'],
  'runc.json': [...ALWAYS, '30-register.json'],
  // Without a network namespace of its own, /sys is a bind mount of the host's.
  'runc-rootless.json': [...ALWAYS, '20-umount.json', '30-register.json'],
  'crun.json': [...ALWAYS, '30-register.json'],
};

function jsonFiles(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(directory, name));
}

function inject(text: string, flags: readonly string[]): string {
  const { status, stdout, stderr } = hooks(['inject', '-', ...flags], text);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

function hooksOf(text: string): Readonly<Record<string, readonly unknown[] | undefined>> {
  return JSON.parse(text).hooks;
}

/** The names of the definitions that a config gets, sorted. */
function definitionsFor(path: string): string[] {
  const { status, stdout } = hooks(['explain', path, ...DIRECTORIES, '--json']);
  expect(status).toBe(0);
  const { definitions } = JSON.parse(stdout) as { definitions: { name: string; matched: boolean }[] };
  return definitions
    .filter(({ matched }) => matched)
    .map(({ name }) => name)
    .sort();
}

/** The part of a text that differs from another: from where they first differ to where the common end begins. */
function changedRange(before: string, after: string): { start: number; end: number } {
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) start++;
  let common = 0;
  while (common < most - start && before.at(-1 - common) === after.at(-1 - common)) common++;
  return { start, end: before.length - common };
}

/** A string, a bracket, or a number or word of JSON. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]]|[^\s,:{}[\]"]+/g;

/** The offsets from behind the top-level key `hooks` to the end of its value; undefined without one. */
function hooksRange(text: string): { start: number; end: number } | undefined {
  let depth = 0;
  let start: number | undefined;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
    const end = index + token.length;
    if (start !== undefined && depth === 1) return { start, end };
    if (depth === 1 && token === '"hooks"') start = end;
  }
  return undefined;
}

describe.each(
  [...jsonFiles(EXAMPLES), ...jsonFiles(RARE)].map((path) => ({ path, name: path.slice(REPOSITORY.length) })),
)('$name', ({ path }) => {
  const before = readFileSync(path, 'utf8');
  // Without process.args a definition with commands is an error; the YAML directory has none.
  const flags = WITHOUT_ARGS.includes(basename(path)) ? DIRECTORIES.slice(-2) : DIRECTORIES;
  let after = '';

  beforeAll(() => {
    after = inject(before, flags);
  });

  it('changes no byte outside the value of hooks', () => {
    const changed = changedRange(before, after);
    const allowed = hooksRange(before) ?? { start: changed.start, end: changed.start };
    expect(changed.start).toBeGreaterThanOrEqual(allowed.start);
    expect(changed.end).toBeLessThanOrEqual(allowed.end);
  });

  it('gets the hook that every container gets', () => {
    const { poststart, poststop } = hooksOf(after);
    expect(poststart).toContainEqual(AUDIT);
    expect(poststop).toContainEqual(AUDIT);
  });

  it('gains nothing from a second run', () => {
    expect(inject(after, flags)).toBe(after);
  });
});

describe('hooks that a config has already', () => {
  it.each(['containerd-gpus.json', 'linux-every-field.json'])('stay in front: %s', (name) => {
    const before = readFileSync(join(RARE, name), 'utf8');
    const old = hooksOf(before)['prestart'] ?? [];
    const now = hooksOf(inject(before, ['--hooks-dir', join(REPOSITORY, 'test/cases/podman/base')]))['prestart'] ?? [];
    expect(now.length).toBeGreaterThan(old.length);
    expect(now.slice(0, old.length)).toEqual(old);
  });
});

describe('the hooks directories of examples', () => {
  it('hold no fault', () => {
    const { status, stdout } = hooks(['validate', '--json', join(REPOSITORY, 'examples/hooks.d')]);
    expect({ status, ...JSON.parse(stdout) }).toMatchObject({ status: 0, ok: true, diagnostics: [] });
  });

  it.each(Object.entries(EXPECTED))('give %s its hooks', (name, expected) => {
    expect(definitionsFor(join(EXAMPLES, name))).toEqual([...expected].sort());
  });

  it('are tried on every example', () => {
    expect(readdirSync(EXAMPLES).sort()).toEqual(Object.keys(EXPECTED).sort());
  });
});

describe('a process without args', () => {
  it('is an error where a definition asks for commands, as in the reference', () => {
    const outcome = hooks(['inject', join(RARE, 'containerd-no-args.json'), ...DIRECTORIES]);
    expect(outcome).toMatchObject({ status: 1, stdout: '' });
    expect(outcome.stderr).toContain('PROCESS_ARGS_EMPTY');
  });
});

requires(['podman', 'runc', 'crun', 'containerd', 'ctr', 'busybox', 'newuidmap', 'unshare', root], () => {
  describe('examples/make-configs.sh', () => {
    let made: string;

    beforeAll(() => {
      made = mkdtempSync(join(tmpdir(), 'hooks-configs-'));
      execFileSync(join(REPOSITORY, 'examples/make-configs.sh'), [made], { stdio: 'pipe', timeout: 60_000 });
    });

    afterAll(() => {
      rmSync(made, { recursive: true, force: true });
    });

    it('makes every example again', () => {
      expect(readdirSync(made).sort()).toEqual(readdirSync(EXAMPLES).sort());
    });

    it.each(Object.entries(EXPECTED))('makes a %s that gets the same hooks', (name, expected) => {
      expect(definitionsFor(join(made, name))).toEqual([...expected].sort());
    });
  });
});
