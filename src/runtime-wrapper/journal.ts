import { closeSync } from 'node:fs';
import { SystemError } from '../core/diagnostic/system-error.ts';
import { systemCall } from '../linux/libc/system-call.ts';
import type { CreateRecord } from './create-log.ts';

/** journald's native socket. Source: systemd, "Native Journal Protocol". */
const SOCKET = '/run/systemd/journal/socket';

// Source: sys/socket.h; syslog.h.
const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
const PRIORITIES = { error: 3, warning: 4, info: 6 } as const;

/**
 * Sends a record to the journal: the message and the container's id as fields, the whole record as JSON besides. It never
 * waits: a journal that is behind loses the line.
 *
 * @throws {SystemError} `FILE_WRITE` when nobody listens or the datagram does not fit
 */
export function writeToJournal(record: CreateRecord, socketPath: string = SOCKET): void {
  const descriptor = systemCall('socket', AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (descriptor < 0) throw new SystemError('FILE_WRITE', { path: socketPath, reason: `errno ${-descriptor}` });
  try {
    const message = journalMessage(record);
    const address = socketAddress(socketPath);
    const sent = systemCall('sendto', descriptor, message, message.length, DONTWAIT_NOSIGNAL, address, address.length);
    if (sent < 0) throw new SystemError('FILE_WRITE', { path: socketPath, reason: `errno ${-sent}` });
  } finally {
    closeSync(descriptor);
  }
}

/** Gives a record as journald takes it: `FIELD=value` lines; a value of several lines has its length in front. */
export function journalMessage(record: CreateRecord): Buffer {
  const fields: readonly (readonly [string, string])[] = [
    ['MESSAGE', `${record.id}: ${record.message}`],
    ['PRIORITY', String(PRIORITIES[record.level])],
    ['SYSLOG_IDENTIFIER', 'hooks-runtime'],
    ['CONTAINER_ID_FULL', record.id],
    ['OCI_HOOKS_RECORD', JSON.stringify(record)],
  ];
  return Buffer.concat(fields.map(([name, value]) => journalField(name, Buffer.from(value))));
}

function journalField(name: string, value: Buffer): Buffer {
  if (!value.includes('\n')) return Buffer.concat([Buffer.from(`${name}=`), value, Buffer.from('\n')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from('\n')]);
}

/** struct sockaddr_un. */
function socketAddress(path: string): Uint8Array {
  const family = new Uint8Array(Uint16Array.of(AF_UNIX).buffer);
  return Buffer.concat([family, Buffer.from(path), Buffer.alloc(1)]);
}
