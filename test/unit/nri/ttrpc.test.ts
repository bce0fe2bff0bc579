import { describe, expect, it } from 'vitest';
import { createMessageReader, encodeMessage, MESSAGE_LIMIT, type TtrpcMessage } from '../../../src/nri/ttrpc.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

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
