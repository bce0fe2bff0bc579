import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let packed: readonly string[];

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Packs the checkout and installs the tarball beside its dependencies, which are taken from here: no network. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hooks-package-'));
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder, ROOT];
  const [tarball] = JSON.parse(run('npm', ...pack)) as [{ filename: string; files: { path: string }[] }];
  packed = tarball.files.map(({ path }) => path);
  writeFileSync(join(folder, 'package.json'), '{"name":"consumer","type":"module","private":true}');
  const list = ['ls', '--prefix', ROOT, '--all', '--omit=dev', '--parseable'];
  const paths = run('npm', ...list)
    .split('\n')
    .filter((path) => path.includes('/node_modules/'));
  const flags = ['--offline', '--install-links', '--ignore-scripts', '--no-audit', '--no-fund'];
  run('npm', 'install', ...flags, join(folder, tarball.filename), ...paths);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed tarball', () => {
  it('holds what a user needs and nothing else', () => {
    const allowed =
      /^(dist\/(?!exe\/).*\.(js|d\.ts)|schemas\/.*\.json|hooks\.d\/.*|man\/.*|(package\.json|README\.md|CHANGELOG\.md|LICENSE))$/;
    expect(packed.filter((path) => !allowed.test(path))).toEqual([]);
    expect(packed).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', 'LICENSE']));
  });

  it('gives the program', () => {
    const config = '{"process": {"args": ["sh"]}}';
    writeFileSync(join(folder, 'config.json'), config);
    mkdirSync(join(folder, 'hooks.d'), { recursive: true });
    const definition = {
      version: '1.0.0',
      hook: { path: '/bin/sh' },
      when: { commands: ['^sh$'] },
      stages: ['poststop'],
    };
    writeFileSync(join(folder, 'hooks.d/a.json'), JSON.stringify(definition));
    const edited = run(join(folder, 'node_modules/.bin/hooks'), 'inject', '--hooks-dir', 'hooks.d', 'config.json');
    expect(JSON.parse(edited)).toEqual({ process: { args: ['sh'] }, hooks: { poststop: [{ path: '/bin/sh' }] } });
  });

  it('gives the library, with types', () => {
    writeFileSync(
      join(folder, 'consumer.ts'),
      `import { createCatalog, planInjection, type InjectionPlan } from 'oci-hooks';
const text = '{"version":"1.0.0","hook":{"path":"/x"},"when":{"always":true},"stages":["poststop"]}';
const plan: InjectionPlan = planInjection(createCatalog([{ path: 'a.json', text }]), { annotations: {}, hasBindMounts: false });
console.log(plan.entries[0]?.stage);`,
    );
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    run(
      process.execPath,
      compiler,
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--lib',
      'es2023,dom',
      'consumer.ts',
    );
    expect(run(process.execPath, 'consumer.js').trim()).toBe('poststop');
  });
});
