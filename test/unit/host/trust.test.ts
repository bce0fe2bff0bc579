import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTrustCheck } from '../../../src/host/trust.ts';
import { requires, root } from '../../requirement.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const file = (directory: string, mode = 0o644): string => {
  const path = join(directory, 'a.json');
  writeFileSync(path, '{}');
  chmodSync(path, mode);
  return path;
};

const unsafePath = (path: string): unknown => createTrustCheck('warn')(path).map(({ args }) => Object(args).unsafePath);

describe('createTrustCheck', () => {
  it('is content with a file that only its owner may write, below the sticky temp folder', () => {
    expect(createTrustCheck('refuse')(file(temporaryDirectory()))).toEqual([]);
  });

  it.each([0o664, 0o646])('tells of a file of mode %o', (mode) => {
    const path = file(temporaryDirectory(), mode);
    expect(createTrustCheck('refuse')(path)).toMatchObject([
      {
        code: 'PERMISSION_UNSAFE',
        severity: 'error',
        path,
        args: { unsafePath: path, problem: 'writable', detail: `0${mode.toString(8)}` },
        hint: `chmod go-w ${path}`,
      },
    ]);
  });

  it('tells of a directory above that others may write', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'd'));
    chmodSync(directory, 0o777);
    expect(unsafePath(file(join(directory, 'd')))).toEqual([directory]);
  });

  it('looks at the file that a link leads to', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'd'));
    const target = file(join(directory, 'd'), 0o666);
    symlinkSync(target, join(directory, 'link.json'));
    expect(unsafePath(join(directory, 'link.json'))).toEqual([target]);
  });

  it('looks at the directory that a link lies in', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'hooks.d'));
    symlinkSync(file(directory), join(directory, 'hooks.d', 'link.json'));
    chmodSync(join(directory, 'hooks.d'), 0o777);
    expect(unsafePath(join(directory, 'hooks.d', 'link.json'))).toEqual([join(directory, 'hooks.d')]);
  });

  it('looks at the directory that a link to the hooks directory lies in', () => {
    const directory = temporaryDirectory();
    for (const name of ['safe', 'evil']) mkdirSync(join(directory, name));
    file(join(directory, 'safe'));
    symlinkSync(join(directory, 'safe'), join(directory, 'evil', 'link'));
    symlinkSync(join(directory, 'evil', 'link'), join(directory, 'again'));
    chmodSync(join(directory, 'evil'), 0o777);
    expect(unsafePath(join(directory, 'evil', 'link', 'a.json'))).toEqual([join(directory, 'evil')]);
    expect(unsafePath(join(directory, 'again', 'a.json'))).toEqual([join(directory, 'evil')]);
  });

  it('looks at each link on the way to a file', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'evil'));
    symlinkSync(file(directory), join(directory, 'evil', 'link.json'));
    symlinkSync('evil/link.json', join(directory, 'good.json'));
    chmodSync(join(directory, 'evil'), 0o777);
    expect(unsafePath(join(directory, 'good.json'))).toEqual([join(directory, 'evil')]);
  });

  requires([root], () => {
    it('tells of a file of another user', () => {
      const path = file(temporaryDirectory());
      chownSync(path, 12345, 0);
      expect(createTrustCheck('warn')(path)).toMatchObject([
        { severity: 'warning', args: { problem: 'owner', detail: 'uid 12345' }, hint: `chown root ${path}` },
      ]);
    });
  });

  it('says nothing when told to ignore, nor of a file that is gone', () => {
    expect(createTrustCheck('ignore')(file(temporaryDirectory(), 0o666))).toEqual([]);
    expect(createTrustCheck('refuse')('/missing/a.json')).toEqual([]);
  });
});
