import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OciState } from '../../../src/core/oci/state.ts';
import { type CompatDirFlags, makeCompatDirectory } from '../../../src/helpers/compat-dir.ts';
import { readRecord } from '../../../src/helpers/record.ts';
import type { HelperReport } from '../../../src/helpers/resource-deed.ts';

const CONTAINER = { 'io.kubernetes.cri.container-type': 'container', 'io.kubernetes.cri.sandbox-id': 's' };
const RESOURCES = {
  memory: { limit: 104857600, swap: 209715200, reservation: 52428800 },
  cpu: { shares: 1024, quota: 20000, period: 50000, cpus: '0' },
  pids: { limit: 40 },
};
const FILES = ['cpu.max', 'cpu.weight', 'memory.low', 'memory.max', 'memory.min', 'memory.swap.max', 'pids.max'];

describe('compat-dir', () => {
  let directory: string;
  let root: string;
  let records: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hooks-compat-'));
    root = join(directory, 'cgroup');
    records = join(directory, 'records');
    mkdirSync(join(root, 'pods'), { recursive: true });
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  function container(id: string, linux: object, annotations: object = CONTAINER): OciState {
    const bundle = join(directory, `bundle-${id}`);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify({ annotations, linux }));
    return { id, status: 'created', pid: undefined, bundle, annotations: {} };
  }
  const run = (state: OciState, flags: CompatDirFlags = {}): Promise<HelperReport> =>
    makeCompatDirectory(state, { cgroupRoot: root, ...flags }, { records, patience: { everyMs: 1, forMs: 5 } });
  const stop = (state: OciState): Promise<HelperReport> => run({ ...state, status: 'stopped' });
  /** What lies below the root: directories alone, in order. */
  const tree = (at = root, path = ''): string[] =>
    readdirSync(at, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap(({ name }) => [`${path}/${name}`, ...tree(join(at, name), `${path}/${name}`)])
      .toSorted();
  /** A directory of somebody else's with the files of cgroup v2. */
  const filled = (path: string): void => {
    mkdirSync(join(root, path), { recursive: true });
    for (const file of [...FILES, 'cgroup.procs']) writeFileSync(join(root, path, file), '');
  };
  const values = (path: string): object =>
    Object.fromEntries(
      FILES.flatMap((file) => {
        const value = readFileSync(join(root, path, file), 'utf8');
        return value === '' ? [] : [[file, value]];
      }),
    );
  const warned = ({ warnings }: HelperReport): string => warnings.join('\n');

  it('makes what is missing of the path and removes it at poststop, and nothing else', async () => {
    const state = container('c1', { cgroupsPath: '/pods/a/c1' });
    const { cgroup, deeds } = await run(state);
    expect(cgroup).toBe('/pods/a/c1');
    expect(deeds).toEqual([
      ['make-directory', `${root}/pods/a`],
      ['make-directory', `${root}/pods/a/c1`],
    ]);
    expect(tree()).toEqual(['/pods', '/pods/a', '/pods/a/c1']);
    expect((await stop(state)).deeds).toEqual([
      ['remove-directory', `${root}/pods/a/c1`],
      ['remove-directory', `${root}/pods/a`],
    ]);
    expect(tree()).toEqual(['/pods']);
    expect(readdirSync(records)).toEqual([]);
  });

  it('makes the directory of a scope without asking systemd', async () => {
    const state = container('c1', { cgroupsPath: 'kubepods-burstable-podx.slice:cri-containerd:c1' });
    await run(state);
    expect(tree().at(-2)).toBe(
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice/cri-containerd-c1.scope',
    );
    await stop(state);
    expect(tree()).toEqual(['/pods']);
  });

  it('makes one in each hierarchy of v1 that cAdvisor reads', async () => {
    for (const name of ['cpu', 'memory', 'pids', 'net_cls', 'freezer', 'systemd']) mkdirSync(join(root, name));
    const state = container('c1', { cgroupsPath: '/c1' });
    await run(state);
    expect(tree().filter((path) => path.endsWith('/c1'))).toEqual(['/cpu/c1', '/memory/c1', '/pids/c1']);
    await stop(state);
    expect(tree()).not.toContain('/memory/c1');
  });

  it('plans both: directories, then the values of v2', async () => {
    const state = container('c1', { cgroupsPath: '/pods/c1', resources: RESOURCES });
    const { deeds } = await run(state, { dryRun: true });
    expect(deeds).toEqual([
      ['make-directory', `${root}/pods/c1`],
      ['write', 'memory.swap.max', '104857600'],
      ['write', 'memory.max', '104857600'],
      ['write', 'memory.low', '52428800'],
      ['write', 'cpu.weight', '100'],
      ['write', 'cpu.max', '20000 50000'],
      ['write', 'pids.max', '40'],
    ]);
    expect(tree()).toEqual(['/pods']);
    expect(existsSync(records)).toBe(false);
  });

  it('plans the values of v1', async () => {
    for (const name of ['cpu', 'memory', 'pids']) mkdirSync(join(root, name));
    const { deeds } = await run(container('c1', { cgroupsPath: '/c1', resources: RESOURCES }), { dryRun: true });
    expect(deeds.filter(([word]) => word === 'write')).toEqual([
      ['write', 'memory.limit_in_bytes', '104857600'],
      ['write', 'memory.memsw.limit_in_bytes', '209715200'],
      ['write', 'memory.soft_limit_in_bytes', '52428800'],
      ['write', 'cpu.shares', '1024'],
      ['write', 'cpu.cfs_period_us', '50000'],
      ['write', 'cpu.cfs_quota_us', '20000'],
      ['write', 'pids.max', '40'],
    ]);
  });

  it('takes the formula and the file of the reservation from its flags, and unified over the rest', async () => {
    filled('pods/c1');
    const unified = { 'memory.min': '4096', 'pids.max': '7', 'memory.high': '8192', 'cgroup.freeze': '1' };
    const state = container('c1', { cgroupsPath: '/pods/c1', resources: { ...RESOURCES, unified } });
    await run(state, { weightFormula: 'linear', reservation: 'min', fillExisting: true });
    expect(values('pods/c1')).toEqual({
      'cpu.max': '20000 50000',
      'cpu.weight': '39',
      'memory.max': '104857600',
      'memory.min': '4096',
      'memory.swap.max': '104857600',
      'pids.max': '7',
    });
  });

  it("leaves a directory of somebody else's alone, unless told to fill it while it is empty", async () => {
    filled('pods/c1');
    const state = container('c1', { cgroupsPath: '/pods/c1', resources: RESOURCES });
    expect(warned(await run(state))).toContain('--fill-existing');
    expect(values('pods/c1')).toEqual({});
    writeFileSync(join(root, 'pods/c1/cgroup.procs'), '4711\n');
    expect(warned(await run(state, { fillExisting: true }))).toContain('in use');
    expect(values('pods/c1')).toEqual({});
    writeFileSync(join(root, 'pods/c1/cgroup.procs'), '');
    expect((await run(state, { fillExisting: true })).warnings).toEqual([]);
    expect(values('pods/c1')).toMatchObject({ 'memory.max': '104857600' });
    await stop(state);
    expect(tree()).toEqual(['/pods', '/pods/c1']);
  });

  it('says which files it could not write, each by itself', async () => {
    const { warnings } = await run(container('c1', { cgroupsPath: '/pods/c1', resources: RESOURCES }));
    expect(warnings).toHaveLength(6);
    expect(warnings[0]).toContain(`${root}/pods/c1/memory.swap.max was not given 104857600`);
  });

  it('writes what can be said of resources with a fault', async () => {
    const resources = { memory: { swap: 5 }, pids: { limit: 3 }, cpu: 'fast' };
    const { deeds, warnings } = await run(container('c1', { cgroupsPath: '/pods/c1', resources }), { dryRun: true });
    expect(deeds.at(-1)).toEqual(['write', 'pids.max', '3']);
    expect(warnings).toHaveLength(2);
  });

  it.each([
    ['the pause container of containerd', { 'io.kubernetes.cri.container-type': 'sandbox' }],
    ['the infra container of CRI-O', { 'io.kubernetes.cri-o.ContainerType': 'sandbox' }],
    ['a container without a pod', {}],
    ['a container of an unknown kind', { 'io.kubernetes.cri.container-type': 'other' }],
  ])('has nothing to do for %s', async (_, annotations) => {
    const report = await run(container('c1', { cgroupsPath: '/pods/c1' }, annotations));
    expect(report).toMatchObject({ cgroup: undefined, deeds: [], warnings: [] });
    expect(report.ignored).toHaveLength(1);
    expect(tree()).toEqual(['/pods']);
  });

  it("knows a container of CRI-O's, and one without a cgroupsPath", async () => {
    await run(container('c1', { cgroupsPath: '/pods/c1' }, { 'io.kubernetes.cri-o.ContainerType': 'container' }));
    expect(tree()).toEqual(['/pods', '/pods/c1']);
    expect((await run(container('c2', {}))).ignored).toMatchObject([{ field: 'linux.cgroupsPath' }]);
  });

  it.each([['/pods/../../../etc/x'], ['/'], ['..'], ['/pods/a\nb'], ['a--b.slice:x:y'], [`/${'a/'.repeat(300)}b`]])(
    'makes nothing for the path %j',
    async (cgroupsPath) => {
      const state = container('c1', { cgroupsPath });
      const said = await run(state).then(warned, (error: Error) => error.message);
      expect(said).not.toBe('');
      expect(tree()).toEqual(['/pods']);
      expect(readdirSync(directory)).not.toContain('etc');
    },
  );

  it('goes through no link', async () => {
    symlinkSync(join(directory, 'elsewhere'), join(root, 'pods/link'));
    mkdirSync(join(directory, 'elsewhere'));
    expect(warned(await run(container('c1', { cgroupsPath: '/pods/link/c1' })))).toContain('link');
    expect(readdirSync(join(directory, 'elsewhere'))).toEqual([]);
  });

  it('may run twice: what it made is recorded once', async () => {
    const state = container('c1', { cgroupsPath: '/pods/a/c1' });
    await run(state);
    const before = readRecord(state, 'compat-dir', records);
    expect((await run(state)).deeds).toEqual([]);
    expect(readRecord(state, 'compat-dir', records)).toEqual(before);
    expect(before?.directories).toHaveLength(2);
  });

  it('leaves a directory that was made anew by somebody else', async () => {
    const state = container('c1', { cgroupsPath: '/pods/c1' });
    await run(state);
    // A second one beside it, so that the first inode is not given out again.
    mkdirSync(join(root, 'pods/keep'));
    rmdirSync(join(root, 'pods/c1'));
    // More than one, for the file system gives out again the first inode that is free.
    for (const other of ['x', 'y', 'z']) mkdirSync(join(root, `pods/${other}`));
    mkdirSync(join(root, 'pods/c1'));
    expect((await stop(state)).deeds).toEqual([]);
    expect(tree()).toContain('/pods/c1');
    expect(readdirSync(records)).toEqual([]);
  });

  it('takes a slice that is gone for done', async () => {
    const state = container('c1', { cgroupsPath: '/pods/a/b/c1' });
    await run(state);
    rmSync(join(root, 'pods/a'), { recursive: true });
    expect(await stop(state)).toMatchObject({ deeds: [], warnings: [] });
    expect(readdirSync(records)).toEqual([]);
  });

  it('leaves what two containers share to the last of them, whoever made it', async () => {
    const [one, two] = ['one', 'two'].map((id) => container(id, { cgroupsPath: `/pods/shared/${id}` }));
    if (one === undefined || two === undefined) throw new Error('two containers');
    await Promise.all([run(one), run(two)]);
    expect(tree()).toEqual(['/pods', '/pods/shared', '/pods/shared/one', '/pods/shared/two']);
    expect(await stop(one)).toMatchObject({ deeds: [['remove-directory', `${root}/pods/shared/one`]], warnings: [] });
    expect(tree()).toEqual(['/pods', '/pods/shared', '/pods/shared/two']);
    await stop(two);
    expect(tree()).toEqual(['/pods']);
    expect(readdirSync(records)).toEqual([]);
  });

  it('keeps a directory in which others made cgroups, and says so', async () => {
    const state = container('c1', { cgroupsPath: '/pods/c1' });
    await run(state);
    mkdirSync(join(root, 'pods/c1/theirs'));
    expect(warned(await stop(state))).toContain('others made');
    expect(tree()).toContain('/pods/c1/theirs');
  });

  it('keeps on record what stays busy, for the next poststop', async () => {
    const state = container('c1', { cgroupsPath: '/pods/a/c1' });
    await run(state);
    writeFileSync(join(root, 'pods/a/c1/cgroup.procs'), '1\n');
    expect(warned(await stop(state))).toContain('in use');
    expect(readRecord(state, 'compat-dir', records)?.directories).toHaveLength(2);
    rmSync(join(root, 'pods/a/c1/cgroup.procs'));
    await stop(state);
    expect(tree()).toEqual(['/pods']);
    expect(readdirSync(records)).toEqual([]);
  });

  it('waits for a directory that is busy for a moment', async () => {
    const state = container('c1', { cgroupsPath: '/pods/c1' });
    await run(state);
    const file = join(root, 'pods/c1/cgroup.procs');
    writeFileSync(file, '1\n');
    const patience = { everyMs: 5, forMs: 5_000 };
    const stopping = makeCompatDirectory({ ...state, status: 'stopped' }, { cgroupRoot: root }, { records, patience });
    rmSync(file);
    expect(await stopping).toMatchObject({ deeds: [['remove-directory', `${root}/pods/c1`]], warnings: [] });
  });

  it('takes a state without a status for a start, unless told otherwise', async () => {
    const state = { ...container('c1', { cgroupsPath: '/pods/c1' }), status: undefined };
    await run(state);
    expect(tree()).toContain('/pods/c1');
    await run(state, { stopped: true });
    expect(tree()).toEqual(['/pods']);
  });

  it('makes nothing when it cannot keep a record', async () => {
    mkdirSync(records);
    chmodSync(records, 0o777);
    const state = container('c1', { cgroupsPath: '/pods/c1' });
    await expect(run(state)).rejects.toThrow(expect.objectContaining({ code: 'RECORD' }));
    expect(tree()).toEqual(['/pods']);
  });

  it('has nothing to remove for a container that it never saw', async () => {
    expect(await stop(container('c9', {}))).toMatchObject({ deeds: [], warnings: [] });
  });

  it('marks what it makes with the sticky bit, and removes nothing that only was to be made without it', async () => {
    const state = container('c1', { cgroupsPath: '/pods/a/c1' });
    await run(state);
    expect(lstatSync(join(root, 'pods/a')).mode & 0o7777).toBe(0o1755);
    const [name = ''] = readdirSync(records);
    const intended = ['/pods', '/pods/a', '/pods/a/c1'].map((path) => ({ mountPoint: root, path }));
    const record = { schemaVersion: 1, directories: [], intended };
    writeFileSync(join(records, name, 'compat-dir.json'), JSON.stringify(record));
    await stop(state);
    expect(tree()).toEqual(['/pods']);
  });
});
