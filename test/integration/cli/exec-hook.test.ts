import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { directoryWith, hooks, json, type Run, type RunOptions } from './run.ts';
import { findings } from './schema.ts';

/** A user's own place for records, so that no root is needed; root's is /run/oci-hooks. */
interface Place {
  readonly id: string;
  readonly directory: string;
  readonly exec: (flags: readonly string[], command: readonly string[], options?: RunOptions) => Run;
  readonly records: () => readonly Readonly<Record<string, unknown>>[];
}

function place(): Place {
  const runtime = mkdtempSync('/tmp/hooks-runs-');
  const id = basename(runtime);
  const env = { XDG_RUNTIME_DIR: runtime };
  const base = process.geteuid?.() === 0 ? '/run/oci-hooks' : join(runtime, 'oci-hooks');
  const directory = join(base, id);
  onTestFinished(() => {
    rmSync(runtime, { recursive: true, force: true });
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    id,
    directory,
    exec: (flags, command, options = {}) =>
      hooks(['exec-hook', '--id', id, '--name', '10.json', ...flags, '--', ...command], {
        ...options,
        env: { ...env, ...options.env },
      }),
    records: () => {
      const run = hooks(['runs', id, '--json'], { env });
      expect(findings('runs', run)).toEqual([]);
      return json<{ readonly runs: readonly Readonly<Record<string, unknown>>[] }>(run).runs;
    },
  };
}

describe('hooks exec-hook', () => {
  it('gives the hook our input, environment and directory, and gives on what it says', () => {
    const { exec } = place();
    const cwd = directoryWith({ 'a.json': '{}' });
    const run = exec(['--argv0', 'name'], ['/bin/sh', '-c', 'cat; pwd; echo $MARK $0 >&2'], {
      cwd,
      input: '{"state":1}\n',
      env: { MARK: 'mark' },
    });
    expect(run).toEqual({ status: 0, signal: null, stdout: `{"state":1}\n${cwd}\n`, stderr: 'mark name\n' });
  });

  it('keeps the record of the container that the state names, whatever the flag says', () => {
    const { exec, id, records } = place();
    const state = JSON.stringify({ ociVersion: '1.0.2', id, status: 'created', bundle: '/b' });
    expect(exec(['--id', 'first'], ['/bin/cat'], { input: state }).stdout).toBe(state);
    expect(records()).toMatchObject([{ id, stdout: state }]);
  });

  it('does not mind a hook that reads no state, however long', () => {
    const { exec, id, records } = place();
    const state = JSON.stringify({ id, annotations: { a: 'x'.repeat(1 << 20) } });
    expect(exec([], ['/bin/sh', '-c', 'exec <&-; exit 5'], { input: state })).toMatchObject({ status: 5, stderr: '' });
    expect(records()).toMatchObject([{ status: 5 }]);
  });

  it('passes what looks like its own options on to the hook', () => {
    const { exec } = place();
    expect(exec([], ['/bin/echo', '--id', 'x', '--help', '--', '-n']).stdout).toBe('--id x --help -- -n\n');
  });

  it('ends with the status of the hook, and keeps it', () => {
    const { exec, records } = place();
    const run = exec(['--stage', 'createRuntime'], ['/bin/sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(run.status).toBe(42);
    expect(records()).toMatchObject([
      { name: '10.json', stage: 'createRuntime', path: '/bin/sh', status: 42, stdout: 'out\n', stderr: 'err\n' },
    ]);
  });

  it('ends by the signal that ended the hook, and keeps it', () => {
    const { exec, records } = place();
    expect(exec([], ['/bin/sh', '-c', 'kill -TERM $$'])).toMatchObject({ status: null, signal: 'SIGTERM' });
    expect(records()).toMatchObject([{ signal: 'SIGTERM' }]);
    expect(records()[0]).not.toHaveProperty('status');
  });

  it('kills a hook that takes longer than its timeout', () => {
    const { exec, records } = place();
    const run = exec(['--timeout', '1'], ['/bin/sleep', '60']);
    expect(run.status).toBe(124);
    expect(run.stderr).toContain('longer than its timeout of 1 s');
    expect(records()).toMatchObject([{ signal: 'SIGKILL', failure: expect.stringContaining('timeout') }]);
  });

  it('says why a hook cannot be started', () => {
    const { exec, records } = place();
    expect(exec([], ['/no/such/program'])).toMatchObject({ status: 127, stdout: '' });
    expect(records()).toMatchObject([{ failure: expect.stringContaining('ENOENT') }]);
  });

  it('keeps 64 KiB of each output, and gives on all of it', () => {
    const { exec, records } = place();
    const run = exec([], ['/bin/sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" a']);
    expect(run.stdout).toHaveLength(100_000);
    const [record] = records();
    expect(record).toMatchObject({ isCut: true });
    expect(String(record?.['stdout'])).toHaveLength(65_536);
  });

  it('does not wait for what the hook left running', () => {
    const { exec } = place();
    const started = Date.now();
    expect(exec([], ['/bin/sh', '-c', 'sleep 20 & exit 0']).status).toBe(0);
    expect(Date.now() - started).toBeLessThan(10_000);
  });

  it('keeps records for us alone', () => {
    const { exec, directory } = place();
    exec([], ['/bin/true']);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const [name = ''] = readdirSync(join(directory, 'hooks'));
    expect(statSync(join(directory, 'hooks', name)).mode & 0o777).toBe(0o600);
  });

  it('runs the hook without a record for an id that is no name of a directory', () => {
    const run = hooks(['exec-hook', '--id', '../../etc', '--name', 'a', '--', '/bin/echo', 'ran']);
    expect(run).toEqual({ status: 0, signal: null, stdout: 'ran\n', stderr: '' });
  });

  it('refuses a timeout that is no number', () => {
    expect(place().exec(['--timeout', 'soon'], ['/bin/true']).status).toBe(2);
  });
});

describe('hooks runs', () => {
  it('lists the containers with how many runs failed', () => {
    const { exec, id, directory } = place();
    exec([], ['/bin/true']);
    exec([], ['/bin/false']);
    const env = { XDG_RUNTIME_DIR: join(directory, '../..') };
    const { containers } = json<{ readonly containers: readonly object[] }>(hooks(['runs', '--json'], { env }));
    expect(containers).toContainEqual({ id, runs: 2, failed: 1 });
  });

  it('passes over what lies beside the containers and is none', () => {
    const { exec, id, directory } = place();
    exec([], ['/bin/true']);
    const socket = join(directory, '..', `${id}.sock`);
    writeFileSync(socket, '');
    onTestFinished(() => rmSync(socket));
    const env = { XDG_RUNTIME_DIR: join(directory, '../..') };
    const { status, stdout } = hooks(['runs', '--json'], { env });
    expect(status).toBe(0);
    expect(stdout).not.toContain('.sock');
  });

  it('is no for a container without records, and wrong usage for what is no id', () => {
    expect(hooks(['runs', 'no-such-container']).status).toBe(1);
    expect(hooks(['runs', '../etc']).status).toBe(2);
  });
});
