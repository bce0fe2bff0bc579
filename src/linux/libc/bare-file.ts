import { systemCall } from './system-call.ts';

// Files by system calls alone, for a program that is about to become another one: loading node:fs would take it a
// millisecond, which is as long as everything else it does.

// Source: fcntl.h, linux/stat.h, unistd.h; the same on every port in syscall-numbers.ts.
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;
const X_OK = 1;
const STATX_BASIC_STATS = 0x7ff;
const STATX_BYTES = 256;
const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const LONGEST_PATH = 4096;
const FIRST_BUFFER = 16 * 1024;
/** struct linux_dirent64: inode, offset, length of the entry (16 bits), kind (8 bits), name. */
const ENTRY = { length: 16, name: 19 } as const;

const ENCODER = new TextEncoder();
const LATIN1 = new TextDecoder('latin1');
// A text that begins with U+FEFF keeps it: it is part of a path or an argument.
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Gives a text as C takes it: its bytes, ended by NUL. */
export function terminatedText(text: string): Uint8Array {
  return ENCODER.encode(`${text}\0`);
}

/** Gives bytes as text; those that are no UTF-8 become U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

/** Reads a whole file of /proc, or gives undefined when it cannot be read. */
export function readBareFile(path: string): Uint8Array | undefined {
  const descriptor = systemCall('openat', AT_FDCWD, terminatedText(path), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return undefined;
  let buffer = new Uint8Array(FIRST_BUFFER);
  let length = 0;
  for (;;) {
    const read = systemCall('read', descriptor, buffer.subarray(length), buffer.length - length);
    if (read <= 0) {
      systemCall('close', descriptor);
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
export function readBareText(path: string): string {
  const bytes = readBareFile(path);
  return bytes === undefined ? '' : LATIN1.decode(bytes);
}

/** Gives where a symbolic link leads, as it is written; undefined when there is no link. */
export function readBareLink(path: string): string | undefined {
  const buffer = new Uint8Array(LONGEST_PATH);
  const length = systemCall('readlinkat', AT_FDCWD, terminatedText(path), buffer, buffer.length);
  return length < 0 ? undefined : UTF8.decode(buffer.subarray(0, length));
}

/** What statx(2) says of a file. */
export interface BareStatus {
  readonly owner: number;
  readonly isFile: boolean;
  /** Device and inode: equal for two paths of one file. */
  readonly identity: string;
}

/** Looks at a file; undefined when there is none. A link at the end of the path is looked at itself where `ofLink` says so. */
export function bareStatus(path: string, ofLink = false): BareStatus | undefined {
  const buffer = new Uint8Array(STATX_BYTES);
  const flags = ofLink ? AT_SYMLINK_NOFOLLOW : 0;
  if (systemCall('statx', AT_FDCWD, terminatedText(path), flags, STATX_BASIC_STATS, buffer) < 0) return undefined;
  // struct statx: uid at 20, mode (16 bits) at 28, inode (64 bits) at 32, the device's numbers at 136 and 140.
  const words = new Uint32Array(buffer.buffer);
  const mode = new Uint16Array(buffer.buffer)[14] ?? 0;
  return {
    owner: words[5] ?? 0,
    isFile: (mode & S_IFMT) === S_IFREG,
    identity: `${words[34]}:${words[35]}:${words[8]}:${words[9]}`,
  };
}

/** Tells whether a path leads to something that we may execute. */
export function isExecutable(path: string): boolean {
  return systemCall('faccessat', AT_FDCWD, terminatedText(path), X_OK) === 0;
}

/** Lists the descriptors that are open here, but for the one that the list is read with; none when /proc is not to be had. */
export function openDescriptorNumbers(): readonly number[] {
  const descriptor = systemCall('openat', AT_FDCWD, terminatedText('/proc/self/fd'), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return [];
  const numbers: number[] = [];
  const buffer = new Uint8Array(FIRST_BUFFER);
  const view = new DataView(buffer.buffer);
  const isLittle = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  for (;;) {
    const filled = systemCall('getdents64', descriptor, buffer, buffer.length);
    if (filled <= 0) break;
    for (let at = 0; at < filled; at += view.getUint16(at + ENTRY.length, isLittle)) {
      const number = leadingNumber(buffer, at + ENTRY.name);
      if (number !== undefined && number !== descriptor) numbers.push(number);
    }
  }
  systemCall('close', descriptor);
  return numbers;
}

/** Reads the decimal number that a name is; the names `.` and `..` are none. */
function leadingNumber(bytes: Uint8Array, start: number): number | undefined {
  let number: number | undefined;
  for (let at = start; ; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return number;
    number = (number ?? 0) * 10 + digit;
  }
}
