import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { containerFromConfig, createCatalog, editConfigText, planInjection } from '../../src/index.ts';
import { type Requirement, requires, root } from '../requirement.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/sandboxes/gvisor');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const hybrid: Requirement = {
  name: 'cgroup v1 with cgroup2 beside it',
  missing: () =>
    existsSync('/sys/fs/cgroup/memory/tasks') && existsSync('/sys/fs/cgroup/unified/cgroup.procs')
      ? undefined
      : 'needs hybrid cgroups, as the pictures in docs/sandboxes.md',
};

/** What a picture says wherever it is drawn: without pids, the processors and hierarchies of the machine, and how many processes gVisor has. */
function picture(text: string): string[] {
  const lines = text
    .split('\n')
    .map((line) => line.replace(/\d+ exe$/, 'PID exe').replace(/ {2}cpuset\.\S+/g, ''))
    .map((line) => (line.startsWith('/') ? line.replace(/ \[.*\]/, '') : line.replace(/[├└](?=─ PID)/, '├')));
  return lines.filter((line, index) => line !== '' && line !== lines[index - 1]);
}

describe('the gVisor example', () => {
  it.each(['pause', 'app', 'sidecar'])('has the injected config of %s as it is injected', (name) => {
    const definition = read('examples/opt-in/63-compat-dir.json');
    const catalog = createCatalog([{ path: '/etc/hooks.d/63-compat-dir.json', text: definition }]);
    const text = read(`examples/sandboxes/gvisor/${name}.json`);
    const plan = planInjection(catalog, containerFromConfig(JSON.parse(text)));
    const injected = join(EXAMPLE, `${name}.injected.json`);
    // The pause container gets no hook, so it has no second file.
    expect(existsSync(injected)).toBe(plan.entries.length > 0);
    if (plan.entries.length > 0) expect(editConfigText(text, plan)).toBe(readFileSync(injected, 'utf8'));
  });

  it('is shown in docs/sandboxes.md with the definition that it uses', () => {
    const shown = /```json\n(\{\n {2}"version"[\s\S]*?)```/.exec(read('docs/sandboxes.md'))?.[1] ?? '';
    expect(JSON.parse(shown)).toEqual(JSON.parse(read('examples/opt-in/63-compat-dir.json')));
  });
});

requires([root, 'runsc', 'busybox', hybrid], () => {
  it('gives under gVisor the pictures of docs/sandboxes.md, and leaves nothing behind', () => {
    const directory = mkdtempSync(join(tmpdir(), 'hooks-gvisor-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const program = join(directory, 'hooks');
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${ROOT}dist/cli/main.js' "$@"\n`, { mode: 0o755 });
    const { stdout, stderr, status } = spawnSync(join(EXAMPLE, 'run.sh'), {
      encoding: 'utf8',
      env: { ...process.env, HOOKS: program },
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const shown = /```text\n(# before[\s\S]*?)```/.exec(read('docs/sandboxes.md'))?.[1] ?? '';
    expect(picture(stdout)).toEqual(picture(shown));
    expect(readdirSync('/sys/fs/cgroup').filter((name) => existsSync(`/sys/fs/cgroup/${name}/hooks-example`))).toEqual(
      [],
    );
    expect(readdirSync('/run/oci-hooks').filter((name) => name.startsWith('example-'))).toEqual([]);
  });
});
