import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { RequestSchema, ResponseSchema } from '../generated/ttrpc-messages.ts';
import { CALL_CODE, CallError, callError } from './call-status.ts';
import { createMessageReader, encodeMessage, MESSAGE_TYPE, type TtrpcMessage } from './ttrpc.ts';

/** Calls methods of the other side. */
export interface Client {
  /**
   * Makes a call and gives the payload of its answer.
   *
   * @throws {CallError} what the other side answered, or `deadlineExceeded` when it answered nothing in time
   */
  readonly call: (service: string, method: string, payload: Uint8Array, milliseconds: number) => Promise<Uint8Array>;
  /** Takes the connection's bytes. */
  readonly receive: (bytes: Uint8Array) => void;
  /** Ends all calls that wait. */
  readonly close: (reason: string) => void;
}

interface Waiting {
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: CallError) => void;
}

/** Gives a client that sends its messages with `send`. */
export function createClient(send: (message: Uint8Array) => void): Client {
  const waiting = new Map<number, Waiting>();
  let nextStream = 1;
  const settle = ({ stream, type, body }: TtrpcMessage): void => {
    const call = waiting.get(stream);
    if (type !== MESSAGE_TYPE.response || !call) return;
    waiting.delete(stream);
    try {
      if (!body) throw new CallError(CALL_CODE.resourceExhausted, 'the answer is too long');
      const { status, payload } = fromBinary(ResponseSchema, body, { readUnknownFields: false });
      if (status && status.code !== 0) throw new CallError(status.code, status.message);
      call.resolve(payload);
    } catch (error) {
      call.reject(callError(error));
    }
  };
  return {
    receive: createMessageReader(settle),
    close: (reason) => {
      for (const { reject } of waiting.values()) reject(new CallError(CALL_CODE.unknown, reason));
      waiting.clear();
    },
    call: async (service, method, payload, milliseconds) => {
      const stream = nextStream;
      nextStream += 2;
      const request = create(RequestSchema, {
        service,
        method,
        payload,
        timeoutNano: BigInt(milliseconds) * 1_000_000n,
      });
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<Uint8Array>((resolve, reject) => {
          waiting.set(stream, { resolve, reject });
          timer = setTimeout(() => {
            const problem = `no answer to ${method} within ${milliseconds} ms`;
            reject(new CallError(CALL_CODE.deadlineExceeded, problem));
          }, milliseconds);
          send(encodeMessage(stream, MESSAGE_TYPE.request, toBinary(RequestSchema, request)));
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(stream);
      }
    },
  };
}
