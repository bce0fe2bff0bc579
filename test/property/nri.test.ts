import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CreateContainerRequestSchema,
  CreateContainerResponseSchema,
  SynchronizeRequestSchema,
} from '../../src/generated/nri-messages.ts';
import { RequestSchema } from '../../src/generated/ttrpc-messages.ts';
import { decodeMessage } from '../../src/nri/bounded-message.ts';
import { CallError } from '../../src/nri/call-status.ts';
import { createFrameReader, framesOf, SENT_PAYLOAD_LIMIT } from '../../src/nri/mux.ts';
import { openSession } from '../../src/nri/session.ts';
import type { TransportEvents } from '../../src/nri/transport.ts';
import { createMessageReader, encodeMessage } from '../../src/nri/ttrpc.ts';
import { createServer } from '../../src/nri/ttrpc-server.ts';

const bytes = (most: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: most });

/** Cuts bytes at places that are taken again and again from a list. */
function cut(whole: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const length = lengths[turn % lengths.length] ?? 1;
    parts.push(whole.subarray(at, at + length));
    at += length;
  }
  return parts;
}

/** A request as a runtime makes it, whole or with one byte changed, cut off, or with more behind it. */
const request = fc
  .record({
    name: fc.string(),
    annotations: fc.array(fc.record({ key: fc.string(), value: fc.string() }), { maxLength: 5 }),
    args: fc.array(fc.string(), { maxLength: 3 }),
    at: fc.nat(),
    byte: fc.integer({ min: 0, max: 255 }),
    damage: fc.constantFrom('none', 'byte', 'end', 'more'),
  })
  .map(({ name, annotations, args, at, byte, damage }) => {
    const message = create(CreateContainerRequestSchema, {
      pod: { id: 'p', name, annotations },
      container: { id: 'c', args, annotations, mounts: [{ destination: '/a', options: ['rbind'] }] },
    });
    const whole = toBinary(CreateContainerRequestSchema, message);
    if (damage === 'byte') whole[at % whole.length] = byte;
    if (damage === 'end') return whole.subarray(0, at % whole.length);
    return damage === 'more' ? Buffer.concat([whole, Buffer.alloc(at % 50, byte)]) : whole;
  });

describe('the wire of NRI', () => {
  // Law: a message comes out as it went in, however it is cut; no frame has more than 4096 bytes.
  it('carries every message whole', () => {
    fc.assert(
      fc.property(
        fc.array(bytes(9000), { minLength: 1, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }),
        (bodies, lengths) => {
          const seen: string[] = [];
          const read = createMessageReader(({ body }) => seen.push(Buffer.from(body ?? []).toString('hex')));
          let longest = 0;
          const frames = createFrameReader((_, payload) => {
            longest = Math.max(longest, payload.length);
            read(payload);
          });
          const sent = bodies.map((body, index) => framesOf(1, encodeMessage(index, 1, body)));
          for (const part of cut(Buffer.concat(sent), lengths)) frames(part);
          expect(seen).toEqual(bodies.map((body) => Buffer.from(body).toString('hex')));
          expect(longest).toBeLessThanOrEqual(SENT_PAYLOAD_LIMIT);
        },
      ),
    );
  });

  // Law: each request gets one answer, under its number, whatever its body holds.
  it('answers everything once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(bytes(300), request.map(wrapped)), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }),
        (bodies, lengths) => {
          const answered: number[] = [];
          const collect = createMessageReader(({ stream }) => answered.push(stream));
          const serve = createServer(methods, collect);
          const sent = bodies.map((body, index) => encodeMessage(2 * index + 1, 1, body));
          for (const part of cut(Buffer.concat(sent), lengths)) serve(part);
          expect(answered).toEqual(bodies.map((_, index) => 2 * index + 1));
        },
      ),
    );
  });

  // Law: what is no message is refused as such, and never as a fault of ours.
  it('decodes or refuses', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(200), request), (body) => {
        for (const schema of [CreateContainerRequestSchema, SynchronizeRequestSchema]) {
          try {
            decodeMessage(schema, body);
          } catch (error) {
            expect(error).toBeInstanceOf(CallError);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  // Law: no bytes make a session throw; it goes on or it ends, and it keeps little.
  it('ends a session at worst', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            bytes(2000),
            request.map((body) => framesOf(1, encodeMessage(1, 1, wrapped(body)))),
          ),
          { maxLength: 6 },
        ),
        async (parts) => {
          let events: TransportEvents | undefined;
          let isDestroyed = false;
          const opening = openSession(
            async (given) => {
              events = given;
              return {
                write: () => undefined,
                queuedBytes: () => 0,
                end: () => given.closed(undefined),
                destroy: () => {
                  isDestroyed = true;
                  given.closed(undefined);
                },
              };
            },
            { name: 'hooks', index: '10' },
            {
              configure: async () => undefined,
              synchronize: () => undefined,
              createContainer: () => create(CreateContainerResponseSchema),
              reached: () => undefined,
            },
          );
          const outcome = opening.then(
            ({ ended }) => ended,
            (error: unknown) => error,
          );
          await Promise.resolve();
          for (const part of parts) if (!isDestroyed) events?.data(part);
          events?.closed(undefined);
          await outcome;
        },
      ),
      { numRuns: 300 },
    );
  });
});

const methods = new Map([
  [
    'nri.pkg.api.v1alpha1.Plugin/CreateContainer',
    (payload: Uint8Array): Uint8Array => {
      decodeMessage(CreateContainerRequestSchema, payload);
      return new Uint8Array();
    },
  ],
]);

function wrapped(payload: Uint8Array): Uint8Array {
  return toBinary(
    RequestSchema,
    create(RequestSchema, { service: 'nri.pkg.api.v1alpha1.Plugin', method: 'CreateContainer', payload }),
  );
}
