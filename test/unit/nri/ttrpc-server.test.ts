import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { RequestSchema, type Response, ResponseSchema } from '../../../src/generated/ttrpc-messages.ts';
import { CallError } from '../../../src/nri/call-status.ts';
import { createMessageReader, encodeMessage, MESSAGE_LIMIT } from '../../../src/nri/ttrpc.ts';
import { createServer, type Methods } from '../../../src/nri/ttrpc-server.ts';

describe('the server', () => {
  const answers = (methods: Methods, ...messages: readonly Uint8Array[]): Map<number, Response> => {
    const found = new Map<number, Response>();
    const read = createMessageReader(({ stream, body }) => {
      if (body) found.set(stream, fromBinary(ResponseSchema, body));
    });
    const serve = createServer(methods, read);
    for (const message of messages) serve(message);
    return found;
  };
  const request = (stream: number, method: string): Uint8Array =>
    encodeMessage(stream, 1, toBinary(RequestSchema, create(RequestSchema, { service: 's', method })));

  it('answers methods that it does not have with UNIMPLEMENTED, which is how a runtime finds out', () => {
    expect(answers(new Map(), request(1, 'RunPodSandbox')).get(1)?.status?.code).toBe(12);
  });

  it('answers a body that is too long with RESOURCE_EXHAUSTED, and goes on', () => {
    const long = encodeMessage(1, 1, Buffer.alloc(MESSAGE_LIMIT + 1));
    const found = answers(new Map([['s/a', () => new Uint8Array([1])]]), long, request(3, 'a'));
    expect(found.get(1)?.status?.code).toBe(8);
    expect([...(found.get(3)?.payload ?? [])]).toEqual([1]);
  });

  it('answers what a method throws with its status', () => {
    const refuse = (): never => {
      throw new CallError(9, 'no');
    };
    const fault = (): never => {
      throw new TypeError('oops');
    };
    const found = answers(
      new Map([
        ['s/a', refuse],
        ['s/b', fault],
      ]),
      request(1, 'a'),
      request(3, 'b'),
    );
    expect(found.get(1)?.status).toMatchObject({ code: 9, message: 'no' });
    expect(found.get(3)?.status).toMatchObject({ code: 13, message: 'oops' });
  });

  it('replaces an answer that is too long by an error', () => {
    const long = (): Uint8Array => new Uint8Array(MESSAGE_LIMIT + 1);
    expect(answers(new Map([['s/a', long]]), request(1, 'a')).get(1)?.status?.code).toBe(8);
  });
});
