import { textOf } from '../libc/c-text.ts';
import { readProcFile } from './proc-file.ts';

/** How this process was started, byte for byte. */
export interface OwnStart {
  /** The name it was started under: the first word for the executable, the script for Node. */
  readonly name: string;
  /** The arguments behind the name. */
  readonly args: readonly Uint8Array[];
  /** Each `NAME=value` as given; nothing that our own runtime has set since. */
  readonly environment: readonly Uint8Array[];
}

/**
 * Reads how this process was started. `process.argv` and `process.env` hold the same as text, which loses bytes that are no
 * UTF-8, variables that stand twice, and the name.
 */
export function readOwnStart(): OwnStart {
  const words = readTexts('/proc/self/cmdline');
  const isExecutable = process.versions['bun'] !== undefined;
  // Node has itself and its own flags in front of the script.
  const at = isExecutable || !words ? 0 : words.length - process.argv.length + 1;
  const name = words?.[at];
  return {
    name: (name ? textOf(name) : isExecutable ? process.argv0 : process.argv[1]) ?? '',
    args: words?.slice(at + 1) ?? bytesOf(process.argv.slice(2)),
    environment:
      readTexts('/proc/self/environ') ??
      bytesOf(Object.entries(process.env).map(([key, value]) => `${key}=${value ?? ''}`)),
  };
}

/** Reads texts that are ended by NUL; undefined where /proc is not to be had, as in a bare chroot. */
function readTexts(path: string): Uint8Array[] | undefined {
  const bytes = readProcFile(path);
  if (!bytes) return undefined;
  const texts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0, start);
    const end = found < 0 ? bytes.length : found;
    texts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return texts;
}

function bytesOf(texts: readonly string[]): Uint8Array[] {
  const encoder = new TextEncoder();
  return texts.map((text) => encoder.encode(text));
}
