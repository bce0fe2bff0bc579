import { describe, expect, it } from 'vitest';
import { detectHierarchy, mountFor } from '../../../../src/linux/cgroup/hierarchy.ts';

const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n';
const V1 = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:3 master:1 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,release_agent=/lib/x,name=systemd
`;
const BESIDE = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n';

describe('detectHierarchy', () => {
  it('calls cgroup2 alone unified, with its nsdelegate', () => {
    expect(detectHierarchy(UNIFIED)).toEqual({
      mode: 'unified',
      mounts: [
        { version: 2, mountPoint: '/sys/fs/cgroup', root: '/', controllers: [], readOnly: false, nsdelegate: true },
      ],
    });
  });

  it('calls v1 controllers with cgroup2 beside them hybrid', () => {
    expect(detectHierarchy(V1 + BESIDE)?.mode).toBe('hybrid');
  });

  it('calls v1 controllers alone v1, and reads their names without the flags of the superblock', () => {
    const hierarchy = detectHierarchy(V1);
    expect(hierarchy?.mode).toBe('v1');
    expect(hierarchy?.mounts.map(({ controllers, readOnly }) => ({ controllers, readOnly }))).toEqual([
      { controllers: ['cpu', 'cpuacct'], readOnly: false },
      { controllers: ['memory'], readOnly: true },
      { controllers: ['name=systemd'], readOnly: false },
    ]);
  });

  it('calls cgroup2 with only a named v1 hierarchy unified: no controller is on v1', () => {
    const named = '40 30 0:37 / /run/named rw - cgroup cgroup rw,name=systemd\n';
    expect(detectHierarchy(UNIFIED + named)?.mode).toBe('unified');
  });

  it('leaves out v1 mounts that cgroup2 bound over /sys/fs/cgroup hides, whatever the order of the lines', () => {
    const over = '9 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n';
    expect(detectHierarchy(V1 + BESIDE + over)?.mode).toBe('unified');
    expect(detectHierarchy(over + V1 + BESIDE)?.mode).toBe('unified');
    expect(detectHierarchy(over + V1 + BESIDE)?.mounts.map(({ mountPoint }) => mountPoint)).toEqual(['/sys/fs/cgroup']);
  });

  it('leaves out a mount below a directory over which its own parent mounted another', () => {
    const deep = '50 23 0:38 / /mnt/a/cg rw - cgroup2 cgroup2 rw\n';
    const above = '51 23 0:77 / /mnt/a rw - tmpfs tmpfs rw\n';
    expect(detectHierarchy(deep)?.mode).toBe('unified');
    expect(detectHierarchy(deep + above)).toBeUndefined();
  });

  it('unescapes mount points', () => {
    const spaced = '30 23 0:26 /a\\134b /mnt/my\\040cg rw - cgroup2 cgroup2 rw\n';
    expect(detectHierarchy(spaced)?.mounts[0]).toMatchObject({ mountPoint: '/mnt/my cg', root: '/a\\b' });
  });

  it('knows nothing of a machine without cgroups, and passes over lines of another form', () => {
    expect(detectHierarchy('1 1 0:1 / / rw - ext4 /dev/vda rw\nnot a line\n\n')).toBeUndefined();
  });

  it('ends on mounts that name each other as parents', () => {
    const loop = '1 2 0:1 / /a rw - cgroup2 c rw\n2 1 0:1 / /b rw - cgroup2 c rw\n3 3 0:1 / /c rw - cgroup2 c rw\n';
    expect(detectHierarchy(loop)?.mounts).toHaveLength(3);
  });
});

describe('mountFor', () => {
  const hierarchy = detectHierarchy(
    `60 1 0:26 /pod/c1 /var/lib/x/cgroup rw - cgroup2 cgroup2 rw
61 1 0:26 / /srv/cgroup rw - cgroup2 cgroup2 rw
62 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
`,
  ) ?? { mode: 'v1', mounts: [] };

  it('prefers a mount at /sys/fs/cgroup', () => {
    expect(mountFor(hierarchy, undefined, '/pod/c1')?.mountPoint).toBe('/sys/fs/cgroup');
  });

  it('takes no mount whose root does not hold the cgroup, even where the names begin alike', () => {
    const bound = { ...hierarchy, mounts: hierarchy.mounts.slice(0, 1) };
    expect(mountFor(bound, undefined, '/pod/c1/sub')?.mountPoint).toBe('/var/lib/x/cgroup');
    expect(mountFor(bound, undefined, '/pod/c10')).toBeUndefined();
  });
});
