import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { containerFromConfig, createCatalog, editConfigText, planInjection } from '../../src/index.ts';
import { hooks } from '../hooks-program.ts';
import { type Requirement, requires, root } from '../requirement.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/sandboxes/kata');
const SETTINGS = ['one-cgroup', 'two-cgroups'] as const;
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const hybrid: Requirement = {
  name: 'cgroup v1 with cgroup2 beside it',
  missing: () =>
    existsSync('/sys/fs/cgroup/memory/tasks') && existsSync('/sys/fs/cgroup/unified/cgroup.procs')
      ? undefined
      : 'needs hybrid cgroups, as the pictures in docs/sandboxes.md',
};

/**
 * What a picture says wherever it is drawn: without numbers, the processors and hierarchies of the machine, and how many threads Go
 * has. Its lines are sorted, for those of one level stand in the order of their pids.
 */
function picture(text: string): string[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.includes('thread ') || /thread \d+ (CPU|IO)/.test(line))
    .map((line) =>
      line.replace(/\d+ (qemu|virtiofsd|CPU|IO)/, 'N $1').replace(/ {2}cpuset\.(cpus=\d+-\d+|mems=\S+)/g, ''),
    )
    .map((line) => line.replace(/ \[.*\]/, '').replace(/[├└]─/, '├─'));
  return lines.filter((line) => line !== '').toSorted();
}

/** The pictures in docs/sandboxes.md: the block that follows the words `run.sh SETTING`. */
function shown(setting: string): string {
  const after = read('docs/sandboxes.md').split(`kata/run.sh ${setting}\n`)[1] ?? '';
  return /```text\n(# before[\s\S]*?)```/.exec(after)?.[1] ?? '';
}

describe('the Kata example', () => {
  it.each(SETTINGS)('has the injected config of %s as it is injected', (setting) => {
    const definition = read(`examples/sandboxes/kata/${setting}.json`);
    const catalog = createCatalog([{ path: `/etc/hooks.d/${setting}.json`, text: definition }]);
    const text = read('examples/sandboxes/kata/sandbox.json');
    const plan = planInjection(catalog, containerFromConfig(JSON.parse(text)));
    expect(editConfigText(text, plan)).toBe(readFileSync(join(EXAMPLE, `sandbox.${setting}.json`), 'utf8'));
    const app = read('examples/sandboxes/kata/app.json');
    expect(planInjection(catalog, containerFromConfig(JSON.parse(app))).entries).toEqual([]);
  });

  it.each([
    ['runtime-class.yaml', 'answer: --cgroup-only true\n'],
    ['runtime-class-without.yaml', 'answer: --cgroup-only false\n'],
  ])('has with %s the %s', (file, answer) => {
    const sizes = ['--monitor-memory', '96Mi', '--helpers-memory', '32Mi', '--cgroup', '1'];
    const { stdout, status } = hooks([
      'cgroup',
      'overhead',
      join(EXAMPLE, 'app.json'),
      '--pod-overhead',
      join(EXAMPLE, file),
      ...sizes,
    ]);
    expect(status).toBe(0);
    expect(stdout).toContain(answer);
    expect(read('docs/sandboxes.md')).toContain(stdout);
  });
});

requires([root, 'go', 'jq', hybrid], () => {
  it.each(SETTINGS)('gives with %s the pictures of docs/sandboxes.md, and leaves nothing behind', (setting) => {
    const directory = mkdtempSync(join(tmpdir(), 'hooks-kata-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const program = join(directory, 'hooks');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${ROOT}dist/cli/main.js' "$@"\n`, { mode: 0o755 });
    const monitor = join(directory, 'vmm');
    expect(spawnSync(join(ROOT, 'test/vmm/build.sh'), [monitor], { encoding: 'utf8' })).toMatchObject({ status: 0 });
    const { stdout, stderr, status } = spawnSync(join(EXAMPLE, 'run.sh'), [setting], {
      encoding: 'utf8',
      env: { ...process.env, HOOKS: program, VMM: monitor },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(picture(stdout)).toEqual(picture(shown(setting)));
    const left = readdirSync('/sys/fs/cgroup').filter((name) =>
      existsSync(`/sys/fs/cgroup/${name}/hooks-example-kata`),
    );
    expect(left).toEqual([]);
    expect(readdirSync('/run/oci-hooks').filter((name) => name.startsWith('example-kata-'))).toEqual([]);
  });
});
