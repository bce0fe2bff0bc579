import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hostName, placeOnHost, resolveBeneath } from '../../../src/host/host-root.ts';
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
    ['what is not there', '/opt/x/../y', 'opt/y'],
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

  it('leaves a path as it is written where there is no other root', () => {
    expect(placeOnHost(undefined, 'some/where')).toBe('some/where');
    expect(hostName('/host', 'etc/hooks.d/')).toBe('/etc/hooks.d');
  });
});
