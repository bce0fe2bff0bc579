import { type Position, positionAt } from '../core/diagnostic/position.ts';

const REPLACEMENT = '\ufffd';

/** Where bytes stop being text: the offset of the first byte that is not valid UTF-8, and its place in the text. */
export interface InvalidUtf8 {
  readonly invalidAt: number;
  readonly at: Position;
}

/** Gives bytes as text, or where they stop being valid UTF-8. A byte order mark stays in the text. */
export function decodeUtf8(bytes: Uint8Array): { readonly text: string } | InvalidUtf8 {
  const text = utf8Text(bytes);
  // An invalid byte reads as U+FFFD, which may also stand there itself.
  const invalidAt = text.includes(REPLACEMENT) ? firstInvalidByte(bytes) : bytes.length;
  if (invalidAt === bytes.length) return { text };
  const before = utf8Text(bytes.subarray(0, invalidAt));
  return { invalidAt, at: positionAt(before, before.length) };
}

/** Gives bytes as text with U+FFFD for each invalid byte, as Go reads them; standard decoders replace sequences. */
export function decodeUtf8AsGo(bytes: Uint8Array): string {
  let text = '';
  let rest = bytes;
  while (rest.length > 0) {
    const invalidAt = firstInvalidByte(rest);
    text += utf8Text(rest.subarray(0, invalidAt));
    if (invalidAt === rest.length) return text;
    text += REPLACEMENT;
    rest = rest.subarray(invalidAt + 1);
  }
  return text;
}

function utf8Text(bytes: Uint8Array): string {
  if (bytes instanceof Buffer) return bytes.toString();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
}

/** Gives the offset of the first invalid byte, or the length when all are valid. Source: RFC 3629, section 4. */
function firstInvalidByte(bytes: Uint8Array): number {
  let index = 0;
  while (index < bytes.length) {
    const width = sequenceWidth(bytes, index);
    if (width === 0) return index;
    index += width;
  }
  return index;
}

function sequenceWidth(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const width =
    lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  if (width === 0 || at + width > bytes.length) return 0;
  const second = bytes[at + 1] ?? 0;
  const lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let next = 2; next < width; next++) {
    if (((bytes[at + next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return width;
}
