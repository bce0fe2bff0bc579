import { createServer, type Server } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { listenPrivately } from '../host/private-socket.ts';
import { reasonOf } from '../host/write-file.ts';

/** Where metrics are served: on this machine only. */
export type MetricsAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** Gives the address that a text means, or undefined when it is none, or not one of this machine alone. */
export function parseMetricsAddress(text: string): MetricsAddress | undefined {
  if (text.startsWith('unix:')) return text.startsWith('unix:/') ? { path: text.slice('unix:'.length) } : undefined;
  const [, bracketed, plain, digits = ''] = /^(?:\[([0-9a-f:.]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = plain === 'localhost' ? '127.0.0.1' : (bracketed ?? plain);
  if (host === undefined || digits === '' || port > 65_535) return undefined;
  const isLoopback = bracketed === undefined ? isIPv4(host) && host.startsWith('127.') : isIPv6(host) && host === '::1';
  return isLoopback ? { host, port } : undefined;
}

/** Scrapers are few, and they come one at a time. */
const CONNECTION_LIMIT = 16;

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
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('metrics are at /metrics\n');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text());
  });
  server.maxConnections = CONNECTION_LIMIT;
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
