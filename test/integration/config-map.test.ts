import { join } from 'node:path';
import { expect, it } from 'vitest';
import { requires, root } from '../requirement.ts';
import { directoryWith, ROOT, run } from './cli/run.ts';

/** What kubelet makes of a ConfigMap: mode 0777, and links that one rename leads elsewhere. */
const CONFIG_MAP = [
  'mount -t tmpfs -o mode=0777 tmpfs volume',
  'mkdir volume/..2026_01',
  `echo '{"version":"1.0.0","hook":{"path":"/usr/bin/true"},"when":{"always":true},"stages":["poststop"]}' > volume/..2026_01/a.json`,
  'ln -s ..2026_01 volume/..data',
  'ln -s ..data/a.json volume/a.json',
].join(' && ');

const LOAD = `
  import { loadCatalog } from '${join(ROOT, 'dist/host/hook-directories.js')}';
  const { definitions, diagnostics } = await loadCatalog(['volume'], { trust: 'refuse', trustReadOnlyMounts: process.argv[1] === 'true' });
  console.log(JSON.stringify([definitions.length, diagnostics.map(({ code }) => code)]));
`;

/** Gives the number of definitions in the volume and the codes of the findings, as a process in the pod sees them. */
function load(mountOptions: string, trustReadOnlyMounts: boolean): unknown {
  const script = `${CONFIG_MAP} && mount -o remount,${mountOptions} volume && exec "$@"`;
  const node = [process.execPath, '--input-type=module', '-e', LOAD, '--', String(trustReadOnlyMounts)];
  const cwd = directoryWith({ 'volume/x': '' });
  const { stdout, stderr } = run(['unshare', '--mount', 'bash', '-c', script, 'bash', ...node], { cwd });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

requires([root, 'unshare', 'mount'], () => {
  it('a ConfigMap is read where it is mounted read-only and the loader was told of it', () => {
    expect(load('ro,bind', true)).toEqual([1, []]);
  });

  it.each([
    ['others could still write it', 'rw', true],
    ['nobody said that it comes from kubelet', 'ro,bind', false],
  ])('a ConfigMap is refused where %s', (_title, options, trustReadOnlyMounts) => {
    expect(load(options, trustReadOnlyMounts)).toEqual([expect.anything(), ['PERMISSION_UNSAFE']]);
  });
});
