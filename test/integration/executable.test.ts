import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXECUTABLE } from '../build-executable.ts';
import { requires, root } from '../requirement.ts';
import { definition, ROOT } from './cli/run.ts';

/** A folder with the executable alone, and one with something to inject: neither knows a node_modules. */
let base: string;
let program: string;
let work: string;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'hooks-executable-'));
  program = join(base, 'bin/hooks');
  work = join(base, 'work');
  mkdirSync(join(base, 'bin'));
  mkdirSync(join(work, 'hooks.d'), { recursive: true });
  copyFileSync(EXECUTABLE, program);
  chmodSync(base, 0o755);
  writeFileSync(join(work, 'config.json'), '{"ociVersion":"1.0.2","process":{"args":["/bin/sh"]}}');
  writeFileSync(join(work, 'hooks.d/10.json'), JSON.stringify(definition({ commands: ['^/bin/sh$'] })));
  writeFileSync(join(work, 'hooks.d/20.json'), JSON.stringify(definition({ commands: ['^/bin/[a-z]+$'] })));
  writeFileSync(join(work, 'hooks.d/30.yaml'), JSON.stringify(definition()));
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

interface Left {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(command: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Left {
  const [name = '', ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(name, args, {
    cwd: work,
    encoding: 'utf8',
    timeout: 30_000,
    env: {},
    ...options,
  });
  if (error) throw error;
  return { status, stdout, stderr };
}

const inject = (): string[] => [program, 'inject', '--hooks-dir', join(work, 'hooks.d'), join(work, 'config.json')];

const INJECTED =
  '{"ociVersion":"1.0.2","process":{"args":["/bin/sh"]},"hooks":{"createRuntime":[{"path":"/usr/bin/true"},{"path":"/usr/bin/true"},{"path":"/usr/bin/true"}]}}';

describe('the single executable', () => {
  it('says which version, of which commit, and that it is one', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const [first, commit, runtime] = start([program, '--version']).stdout.split('\n');
    expect(first).toBe(`hooks ${version}`);
    expect(commit).toMatch(/^commit: [0-9a-f]{12}/);
    expect(runtime).toMatch(/^runtime: Bun \d\S*, single executable$/);
  });

  it('injects by JSON, YAML and RE2 definitions from an empty folder, with an empty environment', () => {
    expect(start(inject())).toMatchObject({ status: 0, stdout: INJECTED });
  });

  it('names no path of the machine that built it', () => {
    expect(readFileSync(program).includes(ROOT)).toBe(false);
  });

  it('carries no native addon', () => {
    expect(readFileSync(program).includes('koffi.node')).toBe(false);
  });

  it('runs nothing that lies in the working directory', () => {
    const cwd = join(base, 'hostile');
    mkdirSync(join(cwd, 'node_modules/commander'), { recursive: true });
    const evil = `require('node:fs').writeFileSync(${JSON.stringify(join(base, 'ran'))}, '')`;
    const files = {
      'bunfig.toml': 'preload = ["./evil.cjs"]\n[run]\npreload = ["./evil.cjs"]\n[install]\nauto = "force"\n',
      '.env': 'NODE_OPTIONS=--require ./evil.cjs\nBUN_OPTIONS=--preload=./evil.cjs\nHOOKS_PROBE=1\n',
      '.env.production': 'BUN_OPTIONS=--preload=./evil.cjs\n',
      'package.json': '{"imports":{"#libc":"./evil.cjs"},"main":"./evil.cjs","type":"commonjs"}',
      'tsconfig.json': '{"compilerOptions":{"paths":{"*":["./evil.cjs"]}}}',
      'evil.cjs': evil,
      'node_modules/commander/package.json': '{"main":"../../evil.cjs"}',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    expect(start(inject(), { cwd })).toMatchObject({ status: 0, stdout: INJECTED });
    expect(
      start([program, 'explain', '--hooks-dir', join(work, 'hooks.d'), join(work, 'config.json')], { cwd }).status,
    ).toBe(0);
    expect(existsSync(join(base, 'ran'))).toBe(false);
  });

  it('takes the working directory for what it is in relative paths', () => {
    const { stdout } = start([program, 'inject', '--hooks-dir', 'hooks.d', 'config.json']);
    expect(stdout).toBe(INJECTED);
  });
});

requires([root, 'unshare', 'setpriv'], () => {
  it('works on a read-only root', () => {
    const script = 'mount --make-rprivate / && mount -o remount,bind,ro / && exec "$@"';
    const left = start(['/usr/bin/unshare', '--mount', '/bin/sh', '-c', script, 'sh', ...inject()], {
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin' },
    });
    expect(left).toMatchObject({ status: 0, stdout: INJECTED });
  });

  it('works from a working directory that it may not read', () => {
    const cwd = join(base, 'closed');
    mkdirSync(cwd, { mode: 0o711 });
    const left = start(['/usr/bin/setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...inject()], { cwd });
    expect(left).toMatchObject({ status: 0, stdout: INJECTED });
  });

  it('says in one line that the working directory is gone', () => {
    const cwd = mkdtempSync(join(base, 'gone-'));
    const left = start(['/bin/sh', '-c', 'rmdir "$PWD" && exec "$@"', 'sh', ...inject()], { cwd });
    // Bun stops before any code of ours: docs/executable.md. It must not be taken for an answer.
    expect(left.status).not.toBe(0);
    expect(left.stdout).toBe('');
  });
});

requires('strace', () => {
  it('opens nothing in a temp folder, makes no file and loads only the C library', () => {
    const trace = join(base, 'trace');
    const left = start(['/usr/bin/strace', '-f', '-qq', '-e', 'trace=%file,memfd_create', '-o', trace, ...inject()], {
      env: { TMPDIR: join(base, 'tmpdir') },
    });
    expect(left.stdout).toBe(INJECTED);
    const calls = readFileSync(trace, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const makes = /O_CREAT|O_WRONLY|O_RDWR|memfd_create|mkdir|rename|unlink|[^d]link\(|symlink/;
    expect(calls.filter((line) => makes.test(line))).toEqual([]);
    const inTemporary = (line: string) => /"\/(?:var\/)?tmp\/|"\/dev\/shm\//.test(line) && !line.includes(`"${base}`);
    expect(
      calls.filter((line) => line.includes('tmpdir') || (inTemporary(line) && !line.includes('readlink'))),
    ).toEqual([]);
    const libraries = calls.flatMap((line) => /openat\(.*\/([^/"]+\.so[.\d]*)".*= \d+$/.exec(line)?.[1] ?? []);
    expect([...new Set(libraries)].sort()).toEqual(['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']);
  });
});

describe('building it again', () => {
  it('gives the same bytes', () => {
    const outdir = mkdtempSync(join(tmpdir(), 'hooks-again-'));
    try {
      const build = spawnSync(process.execPath, [join(ROOT, 'scripts/build-executable.js'), '--outdir', outdir]);
      expect(build.status).toBe(0);
      expect(readFileSync(join(outdir, 'hooks')).equals(readFileSync(EXECUTABLE))).toBe(true);
    } finally {
      rmSync(outdir, { recursive: true, force: true });
    }
  });
});
