import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ResponseSchema } from '../../../src/generated/ttrpc-messages.ts';
import { encodeMessage } from '../../../src/nri/ttrpc.ts';
import { createClient } from '../../../src/nri/ttrpc-client.ts';

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
