import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { errnoOf } from '../../../../src/core/diagnostic/system-error.ts';
import { applyWrites, type WritePlace } from '../../../../src/linux/cgroup/apply-writes.ts';
import { OpenCgroup } from '../../../../src/linux/cgroup/open-cgroup.ts';

/** A place that holds files in memory and refuses what a kernel would, as the test says. */
function place(files: Record<string, string>, refuse: (file: string, value: string) => string | undefined) {
  const written: string[] = [];
  const at: WritePlace = {
    directory: '/cg',
    read: (file) => files[file],
    write: (file, value) => {
      const errno = refuse(file, value) ?? (file in files ? undefined : 'ENOENT');
      if (errno !== undefined) throw Object.assign(new Error(errno), { code: errno });
      written.push(`${file}=${value}`);
      files[file] = value;
    },
  };
  return { at, written };
}

describe('applyWrites', () => {
  it('writes in order and reports old and new values', () => {
    const { at, written } = place({ 'memory.max': 'max\n', 'pids.max': '5\n' }, () => undefined);
    const writes = [
      { file: 'pids.max', value: '7' },
      { file: 'memory.max', value: '1' },
    ];
    expect(applyWrites(writes, () => at).applied).toEqual([
      { directory: '/cg', file: 'pids.max', old: '5', value: '7' },
      { directory: '/cg', file: 'memory.max', old: 'max', value: '1' },
    ]);
    expect(written).toEqual(['pids.max=7', 'memory.max=1']);
  });

  it('takes back in reverse what was written before a failure', () => {
    const { at, written } = place({ a: '1', b: '2', c: '3' }, (file) => (file === 'c' ? 'EBUSY' : undefined));
    const writes = ['a', 'b', 'c', 'd'].map((file) => ({ file, value: '9' }));
    const report = applyWrites(writes, () => at);
    expect(report.failure).toMatchObject({ code: 'CGROUP_WRITE', args: { path: '/cg/c', value: '9' } });
    expect(report.applied.map(({ file }) => file)).toEqual(['a', 'b']);
    expect(report.left).toEqual([]);
    expect(written).toEqual(['a=9', 'b=9', 'b=2', 'a=1']);
  });

  it('names what could not be taken back', () => {
    const { at } = place({ a: '1', b: '2' }, (file, value) => (file === 'b' || value === '1' ? 'EINVAL' : undefined));
    const report = applyWrites(
      [
        { file: 'a', value: '9' },
        { file: 'b', value: '9' },
      ],
      () => at,
    );
    expect(report.left).toEqual([{ directory: '/cg', file: 'a', old: '1', value: '9' }]);
  });

  it('tries a value again after the write that it waits for', () => {
    const files: Record<string, string> = { period: '100', quota: '90' };
    const { at, written } = place(files, (file, value) =>
      file === 'period' && Number(files['quota']) > Number(value) ? 'EINVAL' : undefined,
    );
    const writes = [
      { file: 'period', value: '50', retryAfter: 'quota' },
      { file: 'quota', value: '40' },
    ];
    expect(applyWrites(writes, () => at).failure).toBeUndefined();
    expect(written).toEqual(['quota=40', 'period=50']);
  });

  it('gives up on a value that is refused after its turn too', () => {
    const { at, written } = place({ period: '100', quota: '90' }, (file) => (file === 'period' ? 'EINVAL' : undefined));
    const writes = [
      { file: 'period', value: '50', retryAfter: 'quota' },
      { file: 'quota', value: '40' },
    ];
    expect(applyWrites(writes, () => at).failure).toMatchObject({ code: 'CGROUP_WRITE' });
    expect(written).toEqual(['quota=40', 'quota=90']);
  });

  it('leaves out what may be missing or refused, and says so', () => {
    const { at } = place({ weight: '1' }, (file) => (file === 'weight' ? 'EINVAL' : undefined));
    const writes = [
      { file: 'swap', value: '0', missingOk: true as const },
      { file: 'weight', value: '5', refusalOk: 'idle' },
    ];
    const report = applyWrites(writes, () => at);
    expect(report.failure).toBeUndefined();
    expect(report.skipped).toMatchObject([{ file: 'swap' }, { file: 'weight', reason: 'idle' }]);
  });
});

describe('OpenCgroup', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hooks-cgroup-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const open = (path: string): OpenCgroup => OpenCgroup.open({ mountPoint: root, path, isPlain: true });

  it('refuses a plain directory that nobody called one', () => {
    mkdirSync(join(root, 'a'));
    expect(() => OpenCgroup.open({ mountPoint: root, path: '/a' })).toThrow(
      expect.objectContaining({ code: 'CGROUP_NOT_CGROUP' }),
    );
  });

  it('never goes through a link, neither to a directory nor to a file', () => {
    mkdirSync(join(root, 'a'));
    symlinkSync('/tmp', join(root, 'a/link'));
    symlinkSync('/etc/passwd', join(root, 'a/memory.max'));
    expect(() => open('/a/link')).toThrow(expect.objectContaining({ code: 'CGROUP_LINK' }));
    expect(() => open('/a/link/x')).toThrow(expect.objectContaining({ code: 'CGROUP_LINK' }));
    const cgroup = open('/a');
    try {
      expect(cgroup.read('memory.max')).toBeUndefined();
      cgroup.write('memory.max', 'x');
    } catch (error) {
      expect(errnoOf(error)).toBe('ELOOP');
    } finally {
      cgroup.close();
    }
    expect(readFileSync('/etc/passwd', 'utf8')).not.toBe('x');
  });

  it('says which directory is not there', () => {
    expect(() => open('/a/b')).toThrow(
      expect.objectContaining({ code: 'CGROUP_NOT_FOUND', args: { path: `${root}/a` } }),
    );
  });

  it('stays with its directory when the name leads elsewhere', () => {
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'a/f'), 'old');
    const cgroup = open('/a');
    rmSync(join(root, 'a'), { recursive: true });
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'a/f'), 'other');
    expect(() => cgroup.write('f', 'x')).toThrow(expect.objectContaining({ code: 'ENOENT' }));
    cgroup.close();
    expect(readFileSync(join(root, 'a/f'), 'utf8')).toBe('other');
  });

  it('names the ancestor that does not pass a controller on', () => {
    mkdirSync(join(root, 'a/b/c'), { recursive: true });
    writeFileSync(join(root, 'cgroup.controllers'), 'cpu memory\n');
    writeFileSync(join(root, 'cgroup.subtree_control'), 'cpu memory\n');
    writeFileSync(join(root, 'a/cgroup.subtree_control'), 'cpu\n');
    writeFileSync(join(root, 'a/b/cgroup.subtree_control'), 'cpu\n');
    writeFileSync(join(root, 'a/b/c/cgroup.controllers'), 'cpu\n');
    const cgroup = open('/a/b/c');
    const failure = (file: string) => applyWrites([{ file, value: '1' }], () => cgroup).failure;
    try {
      expect(failure('memory.max')).toMatchObject({
        code: 'CGROUP_CONTROLLER',
        args: { controller: 'memory', ancestor: `${root}/a` },
      });
      expect(failure('io.max')).toMatchObject({
        code: 'CGROUP_CONTROLLER',
        args: { controller: 'io', ancestor: root },
      });
      expect(failure('cpu.nonsense')).toMatchObject({ code: 'CGROUP_FILE', args: { controller: 'cpu' } });
    } finally {
      cgroup.close();
    }
  });
});
