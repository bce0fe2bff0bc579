import { createConnection, type Socket } from 'node:net';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import type { OpenTransport, Transport, TransportEvents } from './transport.ts';

/** Opens a transport over the unix socket at a path. */
export function unixTransport(path: string): OpenTransport {
  return (events) =>
    new Promise((resolve, reject) => {
      const socket = createConnection({ path });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(transportOf(socket, events));
      });
    });
}

/** Gives a transport over a socket that is connected. */
export function transportOf(socket: Socket, events: TransportEvents): Transport {
  let reason: string | undefined;
  socket.on('error', (error) => {
    reason = errnoOf(error) ?? error.message;
  });
  socket.on('data', events.data);
  // The other side has no more to say; a runtime that half-closes does not exist.
  socket.on('end', () => socket.end());
  socket.once('close', () => events.closed(reason));
  return {
    write: (bytes) => {
      socket.write(bytes);
    },
    queuedBytes: () => socket.writableLength,
    end: () => {
      socket.end();
    },
    destroy: () => {
      socket.destroy();
    },
  };
}
