import { describe, expect, it } from 'vitest';
import { createFrameReader, framesOf } from '../../../src/nri/mux.ts';

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
