import { Socket } from 'node:net';
import { transportOf } from './socket-transport.ts';
import type { OpenTransport } from './transport.ts';

/** Opens a transport over a connected socket that was handed to this process, under Node. */
export function inheritedTransport(descriptor: number): OpenTransport {
  // It throws for a descriptor that is no socket.
  return (events) => Promise.resolve().then(() => transportOf(new Socket({ fd: descriptor }), events));
}
