import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  ConfigureResponseSchema,
  ContainerSchema,
  CreateContainerRequestSchema,
  RegisterPluginRequestSchema,
} from '../../../src/generated/nri-messages.ts';
import { RequestSchema, type Response, ResponseSchema } from '../../../src/generated/ttrpc-messages.ts';
import { hooksAnswer } from '../../../src/nri/answer.ts';
import { decodeMessage, INNER_MESSAGE_LIMIT } from '../../../src/nri/bounded-message.ts';
import { CallError } from '../../../src/nri/call-status.ts';
import { createFrameReader, framesOf } from '../../../src/nri/mux.ts';
import { createMessageReader, encodeMessage, MESSAGE_LIMIT, type TtrpcMessage } from '../../../src/nri/ttrpc.ts';
import { createClient } from '../../../src/nri/ttrpc-client.ts';
import { createServer, type Methods } from '../../../src/nri/ttrpc-server.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('frames', () => {
  it('carry connection and length in front, each four bytes, big-endian', () => {
    expect(hex(framesOf(2, Buffer.from('0011', 'hex')))).toBe('00000002000000020011');
  });

  it('have at most 4096 bytes, and a last one with the rest', () => {
    const frames = Buffer.from(framesOf(1, Buffer.alloc(8193)));
    expect([frames.readUInt32BE(4), frames.readUInt32BE(4108), frames.readUInt32BE(8212)]).toEqual([4096, 4096, 1]);
    expect(frames.length).toBe(8193 + 3 * 8);
  });

  it('longer than any message cannot be read', () => {
    const read = createFrameReader(() => undefined);
    expect(() => read(Buffer.from('0000000100400001', 'hex'))).not.toThrow();
    const other = createFrameReader(() => undefined);
    expect(() => other(Buffer.from('000000010040000b', 'hex'))).toThrow('a frame of 4194315 bytes');
  });
});

describe('ttrpc messages', () => {
  it('carry length, stream, type and flags in front', () => {
    // What a runtime answers to a registration, as it was seen on the wire: stream 1, type 2, nothing in it.
    expect(hex(encodeMessage(1, 2, new Uint8Array()))).toBe('00000000000000010200');
  });

  it('longer than the limit lose their body, and the next one is read', () => {
    const seen: TtrpcMessage[] = [];
    const read = createMessageReader((message) => seen.push(message));
    read(encodeMessage(1, 1, Buffer.alloc(MESSAGE_LIMIT + 1)));
    read(encodeMessage(3, 1, Buffer.from('x')));
    expect(seen).toMatchObject([
      { stream: 1, length: MESSAGE_LIMIT + 1, body: undefined },
      { stream: 3, length: 1 },
    ]);
  });
});

describe('a body that is announced and far too long', () => {
  it('is not kept while it comes', () => {
    const read = createMessageReader(() => undefined);
    read(Buffer.from('ffffffff000000010100', 'hex'));
    const chunk = Buffer.alloc(1 << 20);
    const before = process.memoryUsage().arrayBuffers;
    for (let turn = 0; turn < 64; turn++) read(chunk);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 << 20);
  });
});

describe('the messages of NRI', () => {
  it('are the bytes that the Go encoder makes', () => {
    const register = create(RegisterPluginRequestSchema, { pluginName: 'hooks', pluginIdx: '10' });
    expect(hex(toBinary(RegisterPluginRequestSchema, register))).toBe('0a05686f6f6b7312023130');
    expect(hex(toBinary(ConfigureResponseSchema, create(ConfigureResponseSchema, { events: 8 })))).toBe('1008');
  });

  it('tell a timeout of 0 from none', () => {
    const answer = hooksAnswer([
      { stage: 'createRuntime', definition: 'a', hook: { path: '/bin/true', args: ['true'], timeout: 5 } },
      { stage: 'createRuntime', definition: 'b', hook: { path: '/b', timeout: 0 } },
      { stage: 'poststop', definition: 'c', hook: { path: '/c' } },
    ]);
    expect(answer.adjust?.hooks).toMatchObject({
      createRuntime: [{ args: ['true'], timeout: { value: 5n } }, { timeout: { value: 0n } }],
      poststop: [{ path: '/c' }],
    });
    expect(answer.adjust?.hooks?.poststop[0]?.timeout).toBeUndefined();
  });

  it('keep a lone surrogate as U+FFFD, as Go reads it from a definition', () => {
    const [hook] =
      hooksAnswer([{ stage: 'poststop', definition: 'a', hook: { path: '/\ud800' } }]).adjust?.hooks?.poststop ?? [];
    expect(hook?.path).toBe('/\ufffd');
  });

  it('keep annotations under any key', () => {
    const bytes = Buffer.from('320e0a095f5f70726f746f5f5f120178', 'hex');
    expect(decodeMessage(ContainerSchema, bytes).annotations).toMatchObject([{ key: '__proto__', value: 'x' }]);
  });

  it('are refused with too many others within, before those are made', () => {
    const mounts = Buffer.alloc((INNER_MESSAGE_LIMIT + 1) * 2).fill(Buffer.from('4a00', 'hex'));
    expect(() => decodeMessage(ContainerSchema, mounts)).toThrow(CallError);
    expect(decodeMessage(ContainerSchema, mounts.subarray(0, 200)).mounts).toHaveLength(100);
  });

  it('are refused when they end too early', () => {
    expect(() => decodeMessage(CreateContainerRequestSchema, Buffer.from('0a0512', 'hex'))).toThrow(CallError);
  });
});

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

describe('the client', () => {
  it('gives up on an answer that does not come', async () => {
    const client = createClient(() => undefined);
    await expect(client.call('s', 'm', new Uint8Array(), 1)).rejects.toMatchObject({ code: 4 });
  });

  it('numbers its calls oddly, and takes each answer for the call of its number', async () => {
    const streams: number[] = [];
    const client = createClient((message) => streams.push(Buffer.from(message).readUInt32BE(4)));
    const [first, second] = [
      client.call('s', 'a', new Uint8Array(), 1000),
      client.call('s', 'b', new Uint8Array(), 1000),
    ];
    const answer = (stream: number): Uint8Array =>
      encodeMessage(stream, 2, toBinary(ResponseSchema, create(ResponseSchema, { payload: new Uint8Array([stream]) })));
    for (const stream of [9, 3, 1]) client.receive(answer(stream));
    expect(streams).toEqual([1, 3]);
    expect([[...(await first)], [...(await second)]]).toEqual([[1], [3]]);
  });

  it('gives what the other side refused with', async () => {
    const client = createClient(() => undefined);
    const asked = client.call('s', 'a', new Uint8Array(), 1000);
    const status = { code: 2, message: 'invalid plugin index' };
    client.receive(encodeMessage(1, 2, toBinary(ResponseSchema, create(ResponseSchema, { status }))));
    await expect(asked).rejects.toMatchObject({ code: 2, message: 'invalid plugin index' });
  });
});
