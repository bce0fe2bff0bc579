import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { RequestSchema, ResponseSchema } from '../generated/ttrpc-messages.ts';
import { CALL_CODE, CallError, callError } from './call-status.ts';
import { createMessageReader, encodeMessage, MESSAGE_LIMIT, MESSAGE_TYPE, type TtrpcMessage } from './ttrpc.ts';

/** Answers one call; what it throws becomes the answer's status. */
export type Method = (payload: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Methods by `service/method`. */
export type Methods = ReadonlyMap<string, Method>;

/** As many calls may wait for an answer at once; the runtime makes one at a time. */
const WAITING_LIMIT = 64;

/** A message of a status is for people; the runtime quotes it in its own. */
const STATUS_LIMIT = 16 * 1024;

/**
 * Gives a function that takes a connection's bytes and answers its calls: in the order they come, where the methods
 * answer at once. Calls that are not understood are answered too, so that the other side never waits.
 */
export function createServer(methods: Methods, send: (message: Uint8Array) => void): (bytes: Uint8Array) => void {
  let waiting = 0;
  const answer = (stream: number, response: Answer): void => {
    send(encodeMessage(stream, MESSAGE_TYPE.response, encodeAnswer(response)));
  };
  const fail = (stream: number, error: unknown): void => answer(stream, callError(error));
  const answerLater = (stream: number, result: Promise<Uint8Array>): void => {
    waiting++;
    const settled = result.then(
      (payload) => answer(stream, payload),
      (error: unknown) => fail(stream, error),
    );
    void settled.finally(() => {
      waiting--;
    });
  };
  const call = (message: TtrpcMessage): void => {
    try {
      if (waiting >= WAITING_LIMIT)
        throw new CallError(CALL_CODE.resourceExhausted, 'too many calls wait for an answer');
      const result = run(methods, message);
      if (result instanceof Promise) answerLater(message.stream, result);
      else answer(message.stream, result);
    } catch (error) {
      fail(message.stream, error);
    }
  };
  return createMessageReader((message) => {
    // A unary call has no other message; an answer belongs on the other connection.
    if (message.type === MESSAGE_TYPE.request) call(message);
  });
}

function run(methods: Methods, { body, length }: TtrpcMessage): Uint8Array | Promise<Uint8Array> {
  if (!body) {
    const problem = `the message has ${length} bytes, and at most ${MESSAGE_LIMIT} are allowed`;
    throw new CallError(CALL_CODE.resourceExhausted, problem);
  }
  const { service, method, payload } = fromBinary(RequestSchema, body, { readUnknownFields: false });
  const name = `${service}/${method}`;
  const found = methods.get(name);
  if (!found) throw new CallError(CALL_CODE.unimplemented, `there is no method ${name.slice(0, 200)}`);
  return found(payload);
}

/** The payload, or why there is none. */
type Answer = Uint8Array | CallError;

function encodeAnswer(answer: Answer): Uint8Array {
  if (answer instanceof CallError) {
    const { code, message } = answer;
    const status = { code, message: message.slice(0, STATUS_LIMIT).toWellFormed() };
    return toBinary(ResponseSchema, create(ResponseSchema, { status }));
  }
  const bytes = toBinary(ResponseSchema, create(ResponseSchema, { payload: answer }));
  if (bytes.length <= MESSAGE_LIMIT) return bytes;
  const problem = `the answer has ${bytes.length} bytes, and at most ${MESSAGE_LIMIT} are allowed`;
  return encodeAnswer(new CallError(CALL_CODE.resourceExhausted, problem));
}
