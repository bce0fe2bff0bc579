import { SystemError } from '../core/diagnostic/system-error.ts';
import { MESSAGE_LIMIT, MESSAGE_OVERHEAD } from './ttrpc.ts';

/** The connection on which the runtime calls the plugin. Source: containerd/nri, pkg/net/multiplex. */
export const PLUGIN_CONNECTION = 1;

/** The connection on which the plugin calls the runtime. */
export const RUNTIME_CONNECTION = 2;

/**
 * The most payload bytes of a frame that is sent. The runtime reads a frame into a buffer of 4096 bytes: a longer one is an
 * error there, which ends the connection and lets containers start without hooks.
 */
export const SENT_PAYLOAD_LIMIT = 4096;

/** Connection, then length, each 4 bytes, big-endian. */
const HEADER = 8;

/** The most payload bytes of a frame that is received: a whole message. */
const RECEIVED_PAYLOAD_LIMIT = MESSAGE_LIMIT + MESSAGE_OVERHEAD;

/**
 * Gives a function that takes the trunk's bytes, however they are cut, and hands on the payload of each connection as a
 * stream. It keeps no more than a header; what is handed on is only valid until the call returns.
 *
 * @throws {SystemError} `NRI_PROTOCOL` from the returned function; the trunk cannot be read on
 */
export function createFrameReader(
  deliver: (connection: number, bytes: Uint8Array) => void,
): (chunk: Uint8Array) => void {
  const header = Buffer.alloc(HEADER);
  let headerBytes = 0;
  let connection = 0;
  let rest = 0;
  return (chunk) => {
    for (let at = 0; at < chunk.length; ) {
      if (rest > 0) {
        const payload = chunk.subarray(at, at + rest);
        at += payload.length;
        rest -= payload.length;
        deliver(connection, payload);
        continue;
      }
      const part = chunk.subarray(at, at + HEADER - headerBytes);
      header.set(part, headerBytes);
      headerBytes += part.length;
      at += part.length;
      if (headerBytes < HEADER) return;
      headerBytes = 0;
      connection = header.readUInt32BE(0);
      rest = header.readUInt32BE(4);
      if (rest > RECEIVED_PAYLOAD_LIMIT) {
        throw new SystemError('NRI_PROTOCOL', { reason: `a frame of ${rest} bytes` });
      }
    }
  };
}

/** Gives a message as the frames that carry it, one after the other. */
export function framesOf(connection: number, message: Uint8Array): Uint8Array {
  const count = Math.ceil(message.length / SENT_PAYLOAD_LIMIT);
  const frames = Buffer.allocUnsafe(message.length + count * HEADER);
  let at = 0;
  for (let start = 0; start < message.length; start += SENT_PAYLOAD_LIMIT) {
    const payload = message.subarray(start, start + SENT_PAYLOAD_LIMIT);
    frames.writeUInt32BE(connection, at);
    frames.writeUInt32BE(payload.length, at + 4);
    frames.set(payload, at + HEADER);
    at += HEADER + payload.length;
  }
  return frames;
}
