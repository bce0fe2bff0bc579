import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { dirname, isAbsolute } from 'node:path';
import { renderHeadline } from '../core/diagnostic/render.ts';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';
import { createTrustCheck } from './trust.ts';
import { reasonOf } from './write-file.ts';

/** The most bytes that the path of a socket may have: sun_path of unix(7) has 108, and a temporary name is longer. */
export const SOCKET_PATH_LIMIT = 90;

/**
 * Lets a server listen at a unix socket that only its owner may connect to. The socket comes to its name in one step, with
 * mode 0600. What stands there is replaced only when it is a socket of ours that nobody answers.
 *
 * @returns removes the socket again, unless another one has taken its place
 * @throws {SystemError} `LISTEN`
 */
export async function listenPrivately(server: Server, path: string): Promise<() => void> {
  try {
    const owner = process.geteuid?.() ?? 0;
    if (!isAbsolute(path) || Buffer.byteLength(path) > SOCKET_PATH_LIMIT) {
      throw new Error(`the path must be absolute and have at most ${SOCKET_PATH_LIMIT} bytes`);
    }
    ensureDirectory(dirname(path));
    const [problem] = createTrustCheck('refuse')(dirname(path));
    if (problem) throw new Error(renderHeadline(problem));
    await makeWay(path, owner);
    // A container's processes have the same numbers at every start.
    const temporary = `${path}.${process.pid}`;
    rmSync(temporary, { force: true });
    await listening(server, temporary);
    chmodSync(temporary, 0o600);
    renameSync(temporary, path);
    const { ino } = lstatSync(path);
    return () => {
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === ino) rmSync(path, { force: true });
    };
  } catch (error) {
    server.close();
    throw new SystemError('LISTEN', { address: path, reason: reasonOf(error) }, { cause: error });
  }
}

function ensureDirectory(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

async function makeWay(path: string, owner: number): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return;
  if (!there.isSocket()) throw new Error('something else stands there, which is no socket');
  if (there.uid !== owner) throw new Error(`a socket of uid ${there.uid} stands there`);
  if (await answers(path)) throw new Error('another program listens there');
}

/** Tells whether somebody listens at a socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (['ECONNREFUSED', 'ENOENT'].includes(errnoOf(error) ?? '')) resolve(false);
      else reject(error);
    });
  });
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
