import { mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  bareStatus,
  isExecutable,
  openDescriptorNumbers,
  readBareFile,
  readBareLink,
  readBareText,
  terminatedText,
  textOf,
} from '../../../../src/linux/libc/bare-file.ts';

function place(): string {
  const directory = mkdtempSync('/tmp/hooks-bare-');
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe('readBareFile', () => {
  it.each([0, 1, 16 * 1024 - 1, 16 * 1024, 100_000])('gives all of a file of %i bytes', (bytes) => {
    const path = join(place(), 'file');
    const content = Buffer.from(Array.from({ length: bytes }, (_, index) => index % 251));
    writeFileSync(path, content);
    expect(Buffer.from(readBareFile(path) ?? []).equals(content)).toBe(true);
  });

  it('gives nothing for what is not there and for a directory', () => {
    expect(readBareFile('/no/such/file')).toBeUndefined();
    expect(readBareFile('/proc')).toBeUndefined();
  });
});

describe('readBareText', () => {
  it('gives each byte as one character', () => {
    const path = join(place(), 'file');
    writeFileSync(path, Buffer.from([0x61, 0xff, 0x62]));
    expect(readBareText(path)).toBe('aÿb');
  });
});

describe('text', () => {
  it('keeps a byte order mark, which is part of an argument', () => {
    expect(textOf(Buffer.from('\ufeffa'))).toBe('\ufeffa');
    expect(Buffer.from(terminatedText('\ufeffä'))).toEqual(Buffer.from('\ufeffä\0'));
  });
});

describe('readBareLink', () => {
  it('gives where a link leads, as it is written', () => {
    const link = join(place(), 'link');
    symlinkSync('../ä/b', link);
    expect(readBareLink(link)).toBe('../ä/b');
    expect(readBareLink('/proc/self/exe')).toBe(readlinkSync('/proc/self/exe'));
  });

  it('gives nothing for what is no link', () => {
    expect(readBareLink('/proc')).toBeUndefined();
  });
});

describe('bareStatus', () => {
  it('tells a file from a directory, and a link from where it leads', () => {
    const directory = place();
    const [file, link] = [join(directory, 'file'), join(directory, 'link')];
    writeFileSync(file, '');
    symlinkSync('file', link);
    expect(bareStatus(file)).toMatchObject({ isFile: true, owner: process.getuid?.() });
    expect(bareStatus(directory)?.isFile).toBe(false);
    expect(bareStatus(link)?.identity).toBe(bareStatus(file)?.identity);
    expect(bareStatus(link, true)?.isFile).toBe(false);
    expect(bareStatus(link, true)?.identity).not.toBe(bareStatus(file)?.identity);
    expect(bareStatus(join(directory, 'none'))).toBeUndefined();
  });

  it('is equal for two paths of one file alone', () => {
    expect(bareStatus('/proc/self/exe')?.identity).toBe(bareStatus(process.execPath)?.identity);
    expect(bareStatus('/bin/sh')?.identity).not.toBe(bareStatus(process.execPath)?.identity);
  });
});

describe('isExecutable', () => {
  it('says what may be executed', () => {
    const path = join(place(), 'file');
    writeFileSync(path, '', { mode: 0o644 });
    expect([isExecutable('/bin/sh'), isExecutable(path), isExecutable('/no/such')]).toEqual([true, false, false]);
  });
});

describe('openDescriptorNumbers', () => {
  it('lists what is open, and not the descriptor that it looked with', () => {
    const before = openDescriptorNumbers();
    const descriptor = openSync('/dev/null', 'r');
    expect(openDescriptorNumbers().filter((number) => !before.includes(number))).toEqual([descriptor]);
    expect(readFileSync(descriptor, 'utf8')).toBe('');
  });
});
