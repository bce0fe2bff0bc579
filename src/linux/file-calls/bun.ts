import { ptr } from 'bun:ffi';
import { bareCalls } from '../libc/bun.ts';
import { type SyscallName, syscallNumber } from '../libc/syscall-numbers.ts';
import type { FileCalls, FilePath, FileStatus } from './file-calls.ts';

const OPENAT = numberOf('openat');
const READ = numberOf('read');
const WRITE = numberOf('write');
const CLOSE = numberOf('close');
const STATX = numberOf('statx');
const READLINKAT = numberOf('readlinkat');
const FACCESSAT = numberOf('faccessat');
const GETDENTS64 = numberOf('getdents64');

const EINVAL = 22;
const ENAMETOOLONG = 36;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const W_OK = 2;
const X_OK = 1;
const STATX_TYPE_MODE_UID_INODE_SIZE = 0x30b;

// Source: asm/fcntl.h; these two are the ones in which the architectures differ.
const isArm = process.arch === 'arm64';
const O_DIRECTORY = isArm ? 0o40000 : 0o200000;
const O_NOFOLLOW = isArm ? 0o100000 : 0o400000;
const O_NOCTTY = 0o400;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const OPEN_FLAGS = O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

// With its NUL, limits.h; a UTF-16 unit has at most three bytes.
const PATH_MAX = 4096;

const { syscall, lastErrno } = bareCalls();

/** Makes a call and gives its result, or minus the errno. All words are passed: to fill them up costs as much as the call. */
function call(number: number, a: number, b: number, c: number, d: number, e: number): number {
  const result = syscall(number, a, b, c, d, e, 0);
  return result === -1 ? -lastErrno() : Number(result);
}

/** Memory that the kernel reads and writes. Bun moves what is smaller than a kilobyte; this stays where it is. */
function memory(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.max(bytes, PATH_MAX));
}

const name = memory(3 * PATH_MAX + 1);
const namePointer = ptr(name);
const status = memory(256);
const statusPointer = ptr(status);
const words = new Uint32Array(status.buffer, status.byteOffset, 64);
const entries = memory(64 * 1024);
const entriesPointer = ptr(entries);

function numberOf(syscall: SyscallName): number {
  // Bun runs on architectures that the table knows; elsewhere the call is ENOSYS.
  return syscallNumber(syscall, process.arch) ?? -1;
}

/** Puts a path where the kernel reads it; gives 0, or minus the errno. */
function setName(path: FilePath): number {
  if (path.length >= PATH_MAX) return -ENAMETOOLONG;
  if (typeof path === 'string' ? path.includes('\0') : path.includes(0)) return -EINVAL;
  let length = path.length;
  if (typeof path === 'string') length = name.write(path);
  else name.set(path);
  name[length] = 0;
  return 0;
}

function open(path: FilePath, flags: number): number {
  return setName(path) || call(OPENAT, AT_FDCWD, namePointer, flags, 0, 0);
}

/** See {@link FileCalls}. */
export const openFile: FileCalls['openFile'] = (path, links) =>
  open(path, links === 'follow' ? OPEN_FLAGS : OPEN_FLAGS | O_NOFOLLOW);

/** See {@link FileCalls}. */
export const closeFile: FileCalls['closeFile'] = (descriptor) => {
  call(CLOSE, descriptor, 0, 0, 0, 0);
};

/** See {@link FileCalls}. */
export const readInto: FileCalls['readInto'] = (descriptor, bytes, offset) =>
  call(READ, descriptor, ptr(bytes, offset), bytes.length - offset, 0, 0);

/** See {@link FileCalls}. */
export const writeFrom: FileCalls['writeFrom'] = (descriptor, bytes, offset) =>
  call(WRITE, descriptor, ptr(bytes, offset), bytes.length - offset, 0, 0);

/** See {@link FileCalls}. */
export const statusOf: FileCalls['statusOf'] = (descriptor) => {
  name[0] = 0;
  return readStatus(descriptor, AT_EMPTY_PATH);
};

/** See {@link FileCalls}. */
export const statusAt: FileCalls['statusAt'] = (path, links) =>
  setName(path) || readStatus(AT_FDCWD, links === 'follow' ? 0 : AT_SYMLINK_NOFOLLOW);

function wide(high = 0, low = 0): number {
  return high * 2 ** 32 + low;
}

/** Asks by statx(2), whose answer has one layout on every architecture. Source: linux/stat.h. */
function readStatus(descriptor: number, flags: number): FileStatus | number {
  const result = call(STATX, descriptor, namePointer, flags, STATX_TYPE_MODE_UID_INODE_SIZE, statusPointer);
  if (result < 0) return result;
  return {
    mode: (words[7] ?? 0) & 0xffff,
    uid: words[5] ?? 0,
    size: wide(words[11], words[10]),
    device: wide(words[34], words[35]),
    inode: wide(words[9], words[8]),
  };
}

/** See {@link FileCalls}. */
export const access: FileCalls['access'] = (path, to) =>
  setName(path) || call(FACCESSAT, AT_FDCWD, namePointer, to === 'write' ? W_OK : X_OK, 0, 0);

/** See {@link FileCalls}. */
export const linkTarget: FileCalls['linkTarget'] = (path) => {
  const length = setName(path) || call(READLINKAT, AT_FDCWD, namePointer, entriesPointer, entries.length, 0);
  return length < 0 ? length : entries.toString('utf8', 0, length);
};

/** See {@link FileCalls}. */
export const namesIn: FileCalls['namesIn'] = (directory) =>
  listNames(directory, (start, end) => entries.toString('utf8', start, end));

/** See {@link FileCalls}. */
export const nameBytesIn: FileCalls['nameBytesIn'] = (directory) =>
  listNames(directory, (start, end) => Buffer.from(entries.subarray(start, end)));

// struct linux_dirent64, getdents64(2): where the entry's length and its name are.
const ENTRY_LENGTH = 16;
const ENTRY_NAME = 19;
const DOT = 0x2e;

function listNames<T>(directory: string, nameAt: (start: number, end: number) => T): T[] | number {
  const descriptor = open(directory, O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return descriptor;
  const names: T[] = [];
  for (;;) {
    const length = call(GETDENTS64, descriptor, entriesPointer, entries.length, 0, 0);
    if (length <= 0) {
      closeFile(descriptor);
      return length < 0 ? length : names;
    }
    for (let entry = 0; entry < length; entry += entries.readUInt16LE(entry + ENTRY_LENGTH)) {
      const start = entry + ENTRY_NAME;
      const end = entries.indexOf(0, start);
      const isDots = entries[start] === DOT && (end === start + 1 || (end === start + 2 && entries[start + 1] === DOT));
      if (!isDots) names.push(nameAt(start, end));
    }
  }
}
