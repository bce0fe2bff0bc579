import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SystemError } from '../../../src/core/diagnostic/system-error.ts';
import { writeFileAtomically, writeOwnFile } from '../../../src/host/write-file.ts';
import { requires, root } from '../../requirement.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const NEW = Buffer.from('new');

const existing = (mode = 0o640): string => {
  const path = join(temporaryDirectory(), 'config.json');
  writeFileSync(path, 'old');
  chmodSync(path, mode);
  return path;
};

describe('writeFileAtomically', () => {
  it('replaces the content under another inode and keeps the mode', () => {
    const path = existing(0o604);
    const before = statSync(path);
    writeFileAtomically(path, NEW);
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(statSync(path).mode & 0o7777).toBe(0o604);
    expect(statSync(path).ino).not.toBe(before.ino);
    expect(readdirSync(join(path, '..'))).toEqual(['config.json']);
  });

  requires([root], () => {
    it('keeps the owner', () => {
      const path = existing();
      chownSync(path, 12345, 23456);
      writeFileAtomically(path, NEW);
      expect(statSync(path)).toMatchObject({ uid: 12345, gid: 23456 });
    });
  });

  it('gives a new file the mode asked for', () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileAtomically(path, NEW, 0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves a link and replaces the file it leads to', () => {
    const path = existing();
    const link = join(path, '..', 'link');
    symlinkSync('config.json', link);
    writeFileAtomically(link, NEW);
    expect(readlinkSync(link)).toBe('config.json');
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('never writes through a link laid under its temporary name', () => {
    const path = existing();
    const victim = join(path, '..', 'victim');
    writeFileSync(victim, 'victim');
    symlinkSync(victim, join(path, '..', `.config.json.${process.pid}.tmp`));
    writeFileAtomically(path, NEW);
    expect(readFileSync(victim, 'utf8')).toBe('victim');
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('makes the file that a link leads to, counted from where the link lies, and keeps every link', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'real', 'deep'), { recursive: true });
    symlinkSync('real/deep', join(directory, 'd'));
    symlinkSync('../y.json', join(directory, 'real/deep/x.json'));
    symlinkSync('x.json', join(directory, 'real/deep/first.json'));
    writeFileAtomically(join(directory, 'd', 'first.json'), NEW);
    expect(readFileSync(join(directory, 'real', 'y.json'), 'utf8')).toBe('new');
    expect(readdirSync(join(directory, 'real', 'deep')).toSorted()).toEqual(['first.json', 'x.json']);
    expect(readdirSync(directory).toSorted()).toEqual(['d', 'real']);
  });

  it('writes a file whose name is as long as a name may be', () => {
    const path = join(temporaryDirectory(), `${'n'.repeat(250)}.json`);
    writeFileAtomically(path, NEW);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('changes nothing and leaves nothing behind when it fails', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'd'));
    expect(() => writeFileAtomically(join(directory, 'd'), NEW)).toThrow(SystemError);
    expect(() => writeFileAtomically(join(directory, 'missing', 'a'), NEW)).toThrow(
      expect.objectContaining({ code: 'FILE_WRITE' }),
    );
    expect(readdirSync(directory)).toEqual(['d']);
  });

  it('refuses a device', () => {
    expect(() => writeFileAtomically('/dev/full', NEW)).toThrow(/not a regular file/);
  });
});

describe('writeOwnFile', () => {
  it('replaces a link that somebody laid there, and leaves alone what it leads to', () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'theirs'), 'theirs');
    symlinkSync('theirs', join(directory, 'record'));
    writeOwnFile(join(directory, 'record'), Buffer.from('ours'), 0o600);
    expect(readFileSync(join(directory, 'theirs'), 'utf8')).toBe('theirs');
    expect(readFileSync(join(directory, 'record'), 'utf8')).toBe('ours');
    expect(lstatSync(join(directory, 'record')).mode & 0o7777).toBe(0o600);
  });
});
