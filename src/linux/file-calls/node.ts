import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import type { FileCalls, FilePath, FileStatus } from './file-calls.ts';

const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const EINVAL = 22;

/** Makes a call of node:fs; what it throws is given as minus the errno. */
function errnoInstead<T>(call: () => T): T | number {
  try {
    return call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // libuv's numbers are minus the errno already.
    if ('errno' in error && typeof error.errno === 'number') return error.errno;
    if ('code' in error && error.code === 'ERR_INVALID_ARG_VALUE') return -EINVAL;
    throw error;
  }
}

function statusFrom({ mode, uid, size, dev, ino }: Stats): FileStatus {
  return { mode, uid, size, device: dev, inode: ino };
}

function pathOf(path: FilePath): string | Buffer {
  return typeof path === 'string' ? path : Buffer.from(path);
}

/** See {@link FileCalls}. */
export const openFile: FileCalls['openFile'] = (path, links) =>
  errnoInstead(() => openSync(pathOf(path), links === 'follow' ? OPEN_FLAGS : OPEN_FLAGS | constants.O_NOFOLLOW));

/** See {@link FileCalls}. */
export const closeFile: FileCalls['closeFile'] = (descriptor) => closeSync(descriptor);

/** See {@link FileCalls}. */
export const readInto: FileCalls['readInto'] = (descriptor, bytes, offset) =>
  errnoInstead(() => readSync(descriptor, bytes, offset, bytes.length - offset, null));

/** See {@link FileCalls}. */
export const writeFrom: FileCalls['writeFrom'] = (descriptor, bytes, offset) =>
  errnoInstead(() => writeSync(descriptor, bytes, offset, bytes.length - offset));

/** See {@link FileCalls}. */
export const statusOf: FileCalls['statusOf'] = (descriptor) => errnoInstead(() => statusFrom(fstatSync(descriptor)));

/** See {@link FileCalls}. */
export const statusAt: FileCalls['statusAt'] = (path, links) =>
  errnoInstead(() => statusFrom((links === 'follow' ? statSync : lstatSync)(pathOf(path))));

/** See {@link FileCalls}. */
export const access: FileCalls['access'] = (path, to) =>
  errnoInstead(() => {
    accessSync(path, to === 'write' ? constants.W_OK : constants.X_OK);
    return 0;
  });

/** See {@link FileCalls}. */
export const linkTarget: FileCalls['linkTarget'] = (path) => errnoInstead(() => readlinkSync(path));

/** See {@link FileCalls}. */
export const namesIn: FileCalls['namesIn'] = (directory) => errnoInstead(() => readdirSync(directory));

/** See {@link FileCalls}. */
export const nameBytesIn: FileCalls['nameBytesIn'] = (directory) =>
  errnoInstead(() => readdirSync(directory, { encoding: 'buffer' }));
