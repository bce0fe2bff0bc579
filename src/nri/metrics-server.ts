import { createServer, type Server } from 'node:http';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { listenPrivately } from '../host/private-socket.ts';
import { reasonOf } from '../host/write-file.ts';
import type { MetricsAddress } from './metrics-address.ts';

/** Scrapers are few, and they come one at a time. */
const CONNECTION_LIMIT = 16;

/** Any user of the machine may connect: one who does not ask, or does not read, is left. */
const PATIENCE_MILLISECONDS = 5000;

/**
 * Serves a text at /metrics.
 *
 * @returns ends the serving
 * @throws {SystemError} `LISTEN`
 */
export async function serveMetrics(address: MetricsAddress, text: () => string): Promise<() => void> {
  const server = createServer({ requestTimeout: 5000, headersTimeout: 5000 }, (request, response) => {
    const isMetrics = request.url === '/metrics' && (request.method === 'GET' || request.method === 'HEAD');
    if (!isMetrics) {
      response.writeHead(404, { 'Content-Type': 'text/plain', Connection: 'close' }).end('metrics are at /metrics\n');
      return;
    }
    response
      .writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', Connection: 'close' })
      .end(text());
  });
  server.maxConnections = CONNECTION_LIMIT;
  // One request a connection, and not the server's own time limits: in the executable those have no effect.
  server.on('connection', (socket) => {
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MILLISECONDS).unref();
    socket.once('close', () => clearTimeout(timer));
  });
  const remove = 'path' in address ? await listenPrivately(server, address.path) : await listenAt(server, address);
  return () => {
    remove();
    server.close();
    server.closeAllConnections();
  };
}

async function listenAt(server: Server, { host, port }: { host: string; port: number }): Promise<() => void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new SystemError('LISTEN', { address: `${host}:${port}`, reason: reasonOf(error) }, { cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
  return () => undefined;
}
