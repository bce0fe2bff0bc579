import type { OpenTransport, Transport } from './transport.ts';

/** The part of Bun's sockets that is used. Source: bun.sh/docs/api/tcp. */
interface BunSocket {
  /** Gives how many bytes were taken; -1 when it is closed. */
  readonly write: (bytes: Uint8Array) => number;
  readonly end: () => void;
  readonly terminate: () => void;
}

interface BunHandlers {
  readonly data: (socket: BunSocket, bytes: Uint8Array) => void;
  readonly drain: (socket: BunSocket) => void;
  readonly close: () => void;
  readonly error: (socket: BunSocket, error: Error) => void;
}

declare const Bun: {
  readonly connect: (options: { fd: number; socket: BunHandlers }) => Promise<BunSocket>;
};

/** Opens a transport over a connected socket that was handed to this process, in the executable: there, node:net cannot. */
export function inheritedTransport(descriptor: number): OpenTransport {
  return async (events) => {
    const waiting: Uint8Array[] = [];
    let queued = 0;
    let reason: string | undefined;
    let isEnding = false;
    const send = (to: BunSocket): void => {
      for (let bytes = waiting[0]; bytes !== undefined; bytes = waiting[0]) {
        const taken = Math.max(0, to.write(bytes));
        queued -= taken;
        if (taken < bytes.length) {
          waiting[0] = bytes.subarray(taken);
          return;
        }
        waiting.shift();
      }
      if (isEnding) to.end();
    };
    const socket = await Bun.connect({
      fd: descriptor,
      socket: {
        data: (_socket, bytes) => events.data(bytes),
        drain: send,
        close: () => events.closed(reason),
        error: (_socket, error) => {
          reason = error.message;
        },
      },
    });
    const transport: Transport = {
      write: (bytes) => {
        waiting.push(bytes);
        queued += bytes.length;
        if (waiting.length === 1) send(socket);
      },
      queuedBytes: () => queued,
      end: () => {
        isEnding = true;
        if (waiting.length === 0) socket.end();
      },
      destroy: () => socket.terminate(),
    };
    return transport;
  };
}
