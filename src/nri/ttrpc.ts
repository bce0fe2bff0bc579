/** The most bytes of a message's body. Source: containerd/ttrpc, channel.go. */
export const MESSAGE_LIMIT: number = 4 << 20;

/** Length of the body (4 bytes), stream (4), type, flags. */
export const MESSAGE_OVERHEAD = 10;

/** What a message is. */
export const MESSAGE_TYPE = { request: 1, response: 2, data: 3 } as const;

/** One message of a ttrpc connection. */
export interface TtrpcMessage {
  readonly stream: number;
  readonly type: number;
  /** Undefined for one that is longer than `MESSAGE_LIMIT`: its body is thrown away as it comes. */
  readonly body: Uint8Array | undefined;
  /** How many bytes the body has, or would have. */
  readonly length: number;
}

/**
 * Gives a function that takes a connection's bytes, however they are cut, and hands on whole messages. It never holds
 * more than one body of `MESSAGE_LIMIT` bytes, and memory for no more than about twice of what has come.
 */
export function createMessageReader(deliver: (message: TtrpcMessage) => void): (bytes: Uint8Array) => void {
  const header = Buffer.alloc(MESSAGE_OVERHEAD);
  let headerBytes = 0;
  let message: { stream: number; type: number; length: number } | undefined;
  let body: Buffer = Buffer.alloc(0);
  let received = 0;
  const complete = ({ stream, type, length }: { stream: number; type: number; length: number }): void => {
    const isKept = length <= MESSAGE_LIMIT;
    const whole = body.subarray(0, received);
    message = undefined;
    body = Buffer.alloc(0);
    received = 0;
    deliver({ stream, type, length, body: isKept ? whole : undefined });
  };
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (!message) {
        const part = bytes.subarray(at, at + MESSAGE_OVERHEAD - headerBytes);
        header.set(part, headerBytes);
        headerBytes += part.length;
        at += part.length;
        if (headerBytes < MESSAGE_OVERHEAD) return;
        headerBytes = 0;
        message = { length: header.readUInt32BE(0), stream: header.readUInt32BE(4), type: header.readUInt8(8) };
      } else {
        const part = bytes.subarray(at, at + message.length - received);
        if (message.length <= MESSAGE_LIMIT) body = appended(body, received, part, message.length);
        received += part.length;
        at += part.length;
      }
      if (received === message.length) complete(message);
    }
  };
}

/** Puts bytes behind those that a buffer holds; it grows to twice its size, but to no more than `most`. */
function appended(buffer: Buffer, used: number, bytes: Uint8Array, most: number): Buffer {
  const needed = used + bytes.length;
  let grown = buffer;
  if (needed > buffer.length) {
    grown = Buffer.allocUnsafe(Math.min(most, Math.max(needed, buffer.length * 2)));
    buffer.copy(grown, 0, 0, used);
  }
  grown.set(bytes, used);
  return grown;
}

/** Gives a message's bytes. All calls of NRI are unary: the flags are always 0. */
export function encodeMessage(stream: number, type: number, body: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(MESSAGE_OVERHEAD + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.writeUInt32BE(stream, 4);
  bytes.writeUInt8(type, 8);
  bytes.writeUInt8(0, 9);
  bytes.set(body, MESSAGE_OVERHEAD);
  return bytes;
}
