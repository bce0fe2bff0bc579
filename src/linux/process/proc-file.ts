import { closeFile, openFile, readInto } from '#file-calls';

const FIRST_BUFFER = 16 * 1024;
const LATIN1 = new TextDecoder('latin1');

/** Reads a whole file of /proc, or gives undefined when it cannot be read. */
export function readProcFile(path: string): Uint8Array | undefined {
  const descriptor = openFile(path, 'follow');
  if (descriptor < 0) return undefined;
  let buffer = new Uint8Array(FIRST_BUFFER);
  let length = 0;
  for (;;) {
    const read = readInto(descriptor, buffer, length);
    if (read <= 0) {
      closeFile(descriptor);
      return read < 0 ? undefined : buffer.subarray(0, length);
    }
    length += read;
    if (length < buffer.length) continue;
    const larger = new Uint8Array(buffer.length * 2);
    larger.set(buffer);
    buffer = larger;
  }
}

/** Reads a file of /proc as text of one-byte characters; empty when it cannot be read. */
export function readProcText(path: string): string {
  const bytes = readProcFile(path);
  return bytes === undefined ? '' : LATIN1.decode(bytes);
}
