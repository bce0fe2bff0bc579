import { readFileSync } from 'node:fs';

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
  const name = words?.[at] ?? Buffer.from((isExecutable ? process.argv0 : process.argv[1]) ?? '');
  return {
    name: name.toString(),
    args: words?.slice(at + 1) ?? process.argv.slice(2).map((argument) => Buffer.from(argument)),
    environment:
      readTexts('/proc/self/environ') ??
      Object.entries(process.env).map(([key, value]) => Buffer.from(`${key}=${value ?? ''}`)),
  };
}

/** Reads texts that are ended by NUL; undefined where /proc is not to be had. */
function readTexts(path: string): Buffer[] | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    // Without /proc, as in a bare chroot, the text forms have to do.
    return undefined;
  }
  const texts: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = bytes.indexOf(0, start);
    const end = found < 0 ? bytes.length : found;
    texts.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return texts;
}
