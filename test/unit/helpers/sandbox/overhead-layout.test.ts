import { describe, expect, it } from 'vitest';
import { type OverheadWish, planLayout } from '../../../../src/helpers/sandbox/overhead-layout.ts';

const WISH: OverheadWish = {
  id: 'abc',
  cgroupsPath: '/kubepods/podx/abc',
  cgroupOnly: false,
  threads: 'process',
  overheadCgroup: '/kata_overhead',
  version: 2,
};
const SANDBOX = '/kubepods/podx/kata_abc';
const OVERHEAD = '/kata_overhead/abc';
const SCOPE = '/kp.slice/kp-x.slice/cri-abc.scope';
const UNIT = { name: 'cri-abc.scope', slice: 'kp-x.slice' };

function layout(wish: Partial<OverheadWish>) {
  const planned = planLayout({ ...WISH, ...wish });
  if ('problems' in planned) throw new Error(planned.problems[0]?.code);
  return planned.layout;
}

describe('planLayout', () => {
  it('puts all into one cgroup, which is named as Kata names it', () => {
    expect(layout({ cgroupOnly: true })).toEqual({
      split: 'none',
      sandbox: { path: SANDBOX },
      overhead: undefined,
      vcpu: SANDBOX,
      monitor: SANDBOX,
      others: SANDBOX,
    });
  });

  it.each<[wish: Partial<OverheadWish>, split: string, vcpu: string, monitor: string, others: string]>([
    [{ version: 1 }, 'threads', SANDBOX, OVERHEAD, OVERHEAD],
    [{ version: 1, threads: 'threaded' }, 'threads', SANDBOX, OVERHEAD, OVERHEAD],
    [{}, 'processes', SANDBOX, SANDBOX, OVERHEAD],
    [{ threads: 'threaded' }, 'threaded', `${SANDBOX}/vcpu`, `${SANDBOX}/overhead`, `${SANDBOX}/overhead`],
    [{ overheadCgroup: '/a/b/' }, 'processes', SANDBOX, SANDBOX, '/a/b/abc'],
  ])('with %j splits by %s', (wish, split, vcpu, monitor, others) => {
    expect(layout(wish)).toMatchObject({ split, vcpu, monitor, others });
  });

  it.each<[wish: Partial<OverheadWish>, sandbox: object, overhead: object | undefined]>([
    [{ cgroupOnly: true }, { path: SCOPE, unit: UNIT }, undefined],
    [{ cgroupOnly: true, version: 1 }, { path: SCOPE, unit: UNIT }, undefined],
    [{}, { path: SCOPE, unit: UNIT }, { path: OVERHEAD }],
    [{ threads: 'threaded' }, { path: SCOPE, unit: UNIT }, { path: `${SCOPE}/overhead` }],
    [
      { overheadCgroup: 'kata-overhead.slice' },
      { path: SCOPE, unit: UNIT },
      {
        path: '/kata.slice/kata-overhead.slice/kata-overhead-abc.scope',
        unit: { name: 'kata-overhead-abc.scope', slice: 'kata-overhead.slice' },
      },
    ],
    [
      { overheadCgroup: 'o.slice:runtime-rs' },
      { path: SCOPE, unit: UNIT },
      { path: '/o.slice/runtime-rs-abc.scope', unit: { name: 'runtime-rs-abc.scope', slice: 'o.slice' } },
    ],
    // A unit of v1 holds no single threads.
    [
      { version: 1, overheadCgroup: 'o.slice' },
      { path: '/kp.slice/kp-x.slice/kata_cri-abc' },
      { path: '/o.slice/kata-overhead-abc' },
    ],
  ])('under systemd with %j', (wish, sandbox, overhead) => {
    const planned = layout({ cgroupsPath: 'kp-x.slice:cri:abc', ...wish });
    expect(planned.sandbox).toEqual(sandbox);
    expect(planned.overhead).toEqual(overhead);
  });

  it('gives a sandbox without a path one of its own', () => {
    expect(layout({ cgroupsPath: '' }).sandbox.path).toBe('/vc/kata_abc');
  });

  it.each<[Partial<OverheadWish>, string]>([
    [{ cgroupsPath: '/../..' }, 'CGROUPS_PATH_CLIMBS'],
    [{ overheadCgroup: '/../..' }, 'CGROUPS_PATH_CLIMBS'],
    [{ overheadCgroup: 'a--b.slice' }, 'SLICE_NAME'],
    [{ overheadCgroup: 'a.slice:b:c' }, 'SLICE_NAME'],
    [{ overheadCgroup: 'a.slice:b/c' }, 'UNIT_NAME'],
    [{ id: '../x' }, 'ID_INVALID'],
  ])('refuses %j', (wish, code) => {
    expect(planLayout({ ...WISH, ...wish })).toMatchObject({ problems: [expect.objectContaining({ code })] });
  });
});
