import { type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { CALL_CODE, CallError } from './call-status.ts';

/**
 * The most messages within one message. An empty one takes two bytes on the wire and a hundred times as much in memory;
 * as many as fit with anything in them are far fewer.
 */
export const INNER_MESSAGE_LIMIT: number = 1 << 17;

/**
 * Gives the content of a message; fields that its schema does not name are passed over.
 *
 * @throws {CallError} `invalidArgument` when it is no such message, `resourceExhausted` when it holds too many others
 */
export function decodeMessage<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
  try {
    const count = countMessages(schema, new BinaryReader(bytes), bytes.length);
    if (count <= INNER_MESSAGE_LIMIT) return fromBinary(schema, bytes, { readUnknownFields: false });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new CallError(CALL_CODE.invalidArgument, `not a ${schema.name}: ${problem}`);
  }
  throw new CallError(CALL_CODE.resourceExhausted, `a ${schema.name} of more than ${INNER_MESSAGE_LIMIT} parts`);
}

/** Counts the messages within, up to one more than the limit, without making them. */
function countMessages(schema: DescMessage, reader: BinaryReader, end: number): number {
  let count = 0;
  while (reader.pos < end && count <= INNER_MESSAGE_LIMIT) {
    const [number, wireType] = reader.tag();
    const inner = wireType === WireType.LengthDelimited ? messageOf(schema, number) : undefined;
    if (inner) {
      const length = reader.uint32();
      count += 1 + countMessages(inner, reader, Math.min(end, reader.pos + length));
    } else reader.skip(wireType, number);
  }
  return count;
}

function messageOf(schema: DescMessage, number: number): DescMessage | undefined {
  return schema.fields.find((field) => field.number === number)?.message ?? undefined;
}
