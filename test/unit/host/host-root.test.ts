import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { findHookProgramBeneath, hostName, placeOnHost, resolveBeneath } from '../../../src/host/host-root.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('resolveBeneath', () => {
  let root: string;

  beforeEach(() => {
    root = temporaryDirectory();
    mkdirSync(join(root, 'usr/bin'), { recursive: true });
    symlinkSync('usr/bin', join(root, 'bin'));
    symlinkSync('/usr', join(root, 'absolute'));
    symlinkSync('../../../../../../etc', join(root, 'climbs'));
    symlinkSync('loop', join(root, 'loop'));
  });

  it.each([
    ['a plain path', '/usr/bin/true', 'usr/bin/true'],
    ['a relative link', '/bin/true', 'usr/bin/true'],
    ['an absolute link, which starts at the root again', '/absolute/bin/true', 'usr/bin/true'],
    ['a link that climbs, which ends at the root', '/climbs/passwd', 'etc/passwd'],
    ['dots that climb', '/../../usr/../bin/./true', 'usr/bin/true'],
    ['what is not there', '/opt/x/y', 'opt/x/y'],
    ['a path that is written without its slash', 'usr/bin', 'usr/bin'],
  ])('follows %s', (_title, path, expected) => {
    expect(resolveBeneath(root, path)).toBe(join(root, expected));
    expect(resolveBeneath(`${root}/`, path)).toBe(join(root, expected));
  });

  it('gives the root itself for /', () => {
    expect(resolveBeneath(root, '/')).toBe(root);
    expect(resolveBeneath('/', '/')).toBe('/');
  });

  it('refuses a loop of links', () => {
    expect(() => resolveBeneath(root, '/loop/x')).toThrow(/ELOOP/);
  });

  it.each([
    ['what is not there', '/opt/../usr', /ENOENT/],
    ['a file', '/usr/bin/true/../x', /ENOTDIR/],
  ])('does not climb out of %s', (_title, path, errno) => {
    writeFileSync(join(root, 'usr/bin/true'), '');
    expect(() => resolveBeneath(root, path)).toThrow(errno);
    expect(() => placeOnHost(root, path)).toThrow(expect.objectContaining({ code: 'FILE_READ' }));
  });

  it('leaves a path as it is written where there is no other root', () => {
    expect(placeOnHost(undefined, 'some/where')).toBe('some/where');
    expect(hostName('/host', 'etc/hooks.d/')).toBe('/etc/hooks.d');
  });
});

describe('findHookProgramBeneath', () => {
  it('finds what a process with that root would run', () => {
    const root = temporaryDirectory();
    mkdirSync(join(root, 'opt/vendor'), { recursive: true });
    writeFileSync(join(root, 'opt/vendor/hook'), '');
    chmodSync(join(root, 'opt/vendor/hook'), 0o755);
    symlinkSync('/opt/vendor/hook', join(root, 'link'));
    symlinkSync('/link', join(root, 'loop'));
    symlinkSync('loop2', join(root, 'loop2'));
    const kinds = ['/link', '/loop', '/loop2', '/opt/vendor', '/opt/none', '/bin/true', 'opt/vendor/hook', '/a\0'].map(
      (path) => findHookProgramBeneath(root)(path).kind,
    );
    expect(kinds).toEqual([
      'program',
      'program',
      'unreachable',
      'not-a-file',
      'missing',
      'missing',
      'unreachable',
      'unreachable',
    ]);
  });
});
