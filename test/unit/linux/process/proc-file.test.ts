import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readProcFile, readProcText } from '../../../../src/linux/process/proc-file.ts';

function place(): string {
  const directory = mkdtempSync('/tmp/hooks-proc-');
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

describe('readProcFile', () => {
  it.each([0, 1, 16 * 1024 - 1, 16 * 1024, 100_000])('gives all of a file of %i bytes', (bytes) => {
    const path = join(place(), 'file');
    const content = Buffer.from(Array.from({ length: bytes }, (_, index) => index % 251));
    writeFileSync(path, content);
    expect(Buffer.from(readProcFile(path) ?? []).equals(content)).toBe(true);
  });

  it('gives nothing for what is not there and for a directory', () => {
    expect(readProcFile('/no/such/file')).toBeUndefined();
    expect(readProcFile('/proc')).toBeUndefined();
  });
});

describe('readProcText', () => {
  it('gives each byte as one character', () => {
    const path = join(place(), 'file');
    writeFileSync(path, Buffer.from([0x61, 0xff, 0x62]));
    expect(readProcText(path)).toBe('aÿb');
  });
});
