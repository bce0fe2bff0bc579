import { createServer } from 'node:net';
import { listenPrivately } from '../host/private-socket.ts';

/** Who asks gets one answer; more at once wait for nothing. */
const CONNECTION_LIMIT = 16;

/** A reader that does not read is left. */
const PATIENCE_MILLISECONDS = 2000;

/**
 * Gives a document to everybody who connects to a unix socket, and closes. Nothing is read.
 *
 * @returns ends the serving
 * @throws {SystemError} `LISTEN`
 */
export async function serveStatus(path: string, document: () => object): Promise<() => void> {
  const server = createServer((socket) => {
    // A reader that went away has what it wanted.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(PATIENCE_MILLISECONDS, () => socket.destroy());
    socket.resume();
    socket.end(`${JSON.stringify(document())}\n`);
  });
  server.maxConnections = CONNECTION_LIMIT;
  const remove = await listenPrivately(server, path);
  return () => {
    remove();
    server.close();
  };
}
