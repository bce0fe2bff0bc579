import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listenPrivately } from '../../../src/host/private-socket.ts';
import { temporaryDirectory } from './temporary-directory.ts';

function server(): Server {
  const made = createServer((socket) => socket.end());
  onTestFinished(() => {
    made.close();
  });
  return made;
}

describe('listenPrivately', () => {
  it('makes a socket for its owner alone, and the directory that it lies in', async () => {
    const path = join(temporaryDirectory(), 'run', 'a.sock');
    const remove = await listenPrivately(server(), path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    remove();
    expect(existsSync(path)).toBe(false);
  });

  it('does not take the place of one that answers, and leaves alone one that took its own', async () => {
    const path = join(temporaryDirectory(), 'a.sock');
    const first = server();
    const remove = await listenPrivately(first, path);
    await expect(listenPrivately(server(), path)).rejects.toMatchObject({ code: 'LISTEN' });
    first.close();
    await listenPrivately(server(), path);
    remove();
    expect(existsSync(path)).toBe(true);
  });

  it.each(['file', 'directory', 'link'])('does not take the place of a %s', async (kind) => {
    const path = join(temporaryDirectory(), 'a.sock');
    if (kind === 'file') writeFileSync(path, 'mine');
    else if (kind === 'directory') mkdirSync(path);
    else symlinkSync('/etc/passwd', path);
    await expect(listenPrivately(server(), path)).rejects.toThrow('no socket');
    expect(existsSync(path)).toBe(true);
  });

  it('refuses a directory that others may write, and a path that is too long', async () => {
    const directory = join(temporaryDirectory(), 'open');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    await expect(listenPrivately(server(), join(directory, 'a.sock'))).rejects.toThrow('PERMISSION_UNSAFE');
    await expect(listenPrivately(server(), `/tmp/${'x'.repeat(100)}`)).rejects.toMatchObject({ code: 'LISTEN' });
  });
});
