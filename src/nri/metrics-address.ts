import { isIPv4, isIPv6 } from 'node:net';

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
