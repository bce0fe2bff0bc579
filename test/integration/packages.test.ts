import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requires, root } from '../requirement.ts';
import { definition, ROOT } from './cli/run.ts';

let base: string;
let packages: string;
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64';
const target = process.arch === 'arm64' ? 'linux-arm64' : 'linux-x64';

function run(command: string, args: readonly string[], cwd = base): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: status ${status}\n${stdout}${stderr}`);
  return stdout;
}

function build(name: string): string {
  const outdir = join(base, name);
  run(process.execPath, [join(ROOT, 'scripts/build-packages.js'), '--outdir', outdir]);
  return outdir;
}

/** Makes an empty system that has the C library of this one, as far as dpkg knows. */
function emptySystem(): string {
  const system = mkdtempSync(join(base, 'system-'));
  mkdirSync(join(system, 'var/lib/dpkg/updates'), { recursive: true });
  mkdirSync(join(system, 'var/lib/dpkg/info'));
  const known = run('dpkg-query', ['--status', 'libc6']);
  writeFileSync(
    join(system, 'var/lib/dpkg/status'),
    `${known.replace(/^(?:Pre-)?Depends:.*\n|^Recommends:.*\n/gm, '')}\n`,
  );
  return system;
}

requires([root, 'dpkg', 'dpkg-deb', 'tar', 'gzip'], () => {
  beforeAll(() => {
    base = mkdtempSync(join(tmpdir(), 'hooks-packages-'));
    packages = build('first');
  }, 120_000);

  afterAll(() => rmSync(base, { recursive: true, force: true }));

  describe('the Debian package', () => {
    it('is installed, used and purged without a trace', () => {
      const system = emptySystem();
      run('dpkg', [`--root=${system}`, '--install', join(packages, `oci-hooks_${version}_${architecture}.deb`)]);
      const hooks = join(system, 'usr/bin/hooks');
      expect(run(hooks, ['--version'])).toContain(`hooks ${version}\n`);
      const files = run('dpkg', [`--root=${system}`, '--listfiles', 'oci-hooks']).split('\n');
      expect(files).toEqual(
        expect.arrayContaining([
          '/usr/share/man/man1/hooks.1.gz',
          '/usr/share/man/man5/hooks-definition.5.gz',
          '/usr/share/man/man8/hooks-runtime.8.gz',
          '/usr/share/bash-completion/completions/hooks',
          '/usr/share/zsh/vendor-completions/_hooks',
          '/usr/share/fish/vendor_completions.d/hooks.fish',
          '/usr/share/oci-hooks/schemas/hook-1.0.0.json',
          '/usr/share/oci-hooks/hooks.d/40-oci-hooks-devices.json',
          '/usr/share/oci-hooks/examples/configs/podman.json',
          '/usr/share/doc/oci-hooks/copyright',
          '/usr/lib/systemd/system/oci-hooks-nri.service',
        ]),
      );
      // Nothing is active by being installed: the hooks directories of engines stay as they are.
      expect(files.filter((path) => path.includes('containers/oci') || path.startsWith('/etc'))).toEqual([]);
      expect(run(hooks, ['validate', join(system, 'usr/share/oci-hooks/examples/hooks.d/gpu')])).toMatch(/^\d+ valid/);

      const active = join(system, 'etc/containers/oci/hooks.d');
      mkdirSync(active, { recursive: true });
      writeFileSync(join(active, '10.json'), JSON.stringify(definition()));
      const config = join(system, 'usr/share/oci-hooks/examples/configs/runc.json');
      expect(JSON.parse(run(hooks, ['inject', '--quiet', '--hooks-dir', active, config]))).toMatchObject({
        hooks: { createRuntime: [{ path: '/usr/bin/true' }] },
      });
      run(hooks, ['install', active]);
      expect(readdirSync(active)).toContain('40-oci-hooks-devices.json');
      expect(readFileSync(join(active, '40-oci-hooks-devices.json'), 'utf8')).toContain(JSON.stringify(hooks));
      run(hooks, ['uninstall', active]);
      expect(readdirSync(active).filter((name) => !name.startsWith('.'))).toEqual(['10.json']);

      run('dpkg', [`--root=${system}`, '--purge', 'oci-hooks']);
      expect(existsSync(join(system, 'usr'))).toBe(false);
    });

    it('has the runtime wrapper as a link to the same program', () => {
      const system = emptySystem();
      run('dpkg', [`--root=${system}`, '--install', join(packages, `oci-hooks_${version}_${architecture}.deb`)]);
      const wrapper = join(system, 'usr/bin/hooks-runtime');
      expect(readlinkSync(wrapper)).toBe('hooks');
      // Under that name every command goes to the runtime that the settings name.
      const runtime = join(system, 'runtime');
      const settings = join(system, 'runtime.yaml');
      writeFileSync(runtime, '#!/bin/sh\necho "runtime: $*"\n', { mode: 0o755 });
      writeFileSync(settings, `runtime: ${runtime}\n`);
      const { stdout } = spawnSync(wrapper, ['features'], { encoding: 'utf8', env: { OCI_HOOKS_CONFIG: settings } });
      expect(stdout).toBe('runtime: features\n');
      run('dpkg', [`--root=${system}`, '--purge', 'oci-hooks']);
      expect(lstatSync(wrapper, { throwIfNoEntry: false })).toBeUndefined();
    });

    it('depends on the C library alone', () => {
      expect(run('dpkg-deb', ['--field', join(packages, `oci-hooks_${version}_${architecture}.deb`), 'Depends'])).toBe(
        'libc6 (>= 2.17)\n',
      );
    });
  });

  describe('the release', () => {
    it('has checksums that hold', () => {
      expect(run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], packages).match(/: OK$/gm)).toHaveLength(3);
    });

    it('has an archive whose program runs where it is unpacked', () => {
      run('tar', ['-xzf', join(packages, `oci-hooks-${version}-${target}.tar.gz`)]);
      expect(run(join(base, `oci-hooks-${version}-${target}/bin/hooks`), ['--version'])).toContain('single executable');
    });

    it('lists in its SBOM exactly what is compiled in', () => {
      const text = readFileSync(join(packages, `oci-hooks-${version}-${target}.cdx.json`), 'utf8');
      const bill = JSON.parse(text) as { bomFormat: string; components: { name: string; purl: string }[] };
      expect(bill.bomFormat).toBe('CycloneDX');
      const names = bill.components.map(({ name }) => name);
      expect(names).toEqual(expect.arrayContaining(['bun', 'commander', 'diff', 're2js', 'yaml']));
      expect(names.filter((name) => /koffi|vitest|typescript|ajv/.test(name))).toEqual([]);
      expect(text).not.toContain(ROOT);
    });

    it('is the same, byte for byte, when it is built again', () => {
      const again = build('again');
      expect(readFileSync(join(again, 'SHA256SUMS'), 'utf8')).toBe(readFileSync(join(packages, 'SHA256SUMS'), 'utf8'));
    }, 120_000);
  });
});
