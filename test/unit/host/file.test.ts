import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBoundedFile } from '../../../src/host/file.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const read = (path: string, limit = 10) => {
  const content = readBoundedFile(path, limit);
  return content.kind === 'content' ? content.bytes.toString() : content;
};

describe('readBoundedFile', () => {
  it('reads a file of exactly the limit', () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileSync(path, '0123456789');
    expect(read(path)).toBe('0123456789');
  });

  it('refuses a file of one byte more, and reads nothing of a huge one', () => {
    const path = join(temporaryDirectory(), 'a');
    writeFileSync(path, '01234567890');
    expect(read(path)).toEqual({ kind: 'too-large', bytes: 11 });
    truncateSync(path, 2 ** 40);
    expect(read(path)).toEqual({ kind: 'too-large', bytes: 2 ** 40 });
  });

  it('reads files whose size the system gives as 0, up to the limit', () => {
    expect(read('/proc/self/status', 1_000_000)).toContain('Pid:');
    expect(read('/proc/self/status', 10)).toMatchObject({ kind: 'too-large' });
  });

  it('does not wait for the writer of a FIFO', () => {
    const path = join(temporaryDirectory(), 'a');
    execFileSync('mkfifo', [path]);
    expect(read(path)).toEqual({ kind: 'not-regular', what: 'FIFO' });
  });

  it('names what is no regular file, links followed', () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'd'));
    symlinkSync('d', join(directory, 'link'));
    expect(read(join(directory, 'link'))).toEqual({ kind: 'not-regular', what: 'directory' });
    expect(read('/dev/null')).toEqual({ kind: 'not-regular', what: 'character device' });
  });

  it('gives the failure of the system as data', async () => {
    const directory = temporaryDirectory();
    symlinkSync('loop', join(directory, 'loop'));
    expect(read(join(directory, 'missing'))).toMatchObject({ kind: 'failed', error: { code: 'ENOENT' } });
    expect(read(join(directory, 'loop'))).toMatchObject({ kind: 'failed', error: { code: 'ELOOP' } });
    const server = createServer().listen(join(directory, 'socket'));
    await new Promise((resolve) => server.once('listening', resolve));
    expect(read(join(directory, 'socket'))).toMatchObject({ kind: 'failed', error: { code: 'ENXIO' } });
    server.close();
  });
});
