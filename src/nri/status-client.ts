import { createConnection } from 'node:net';
import { isObject } from '../core/definition/keys.ts';
import { errnoOf, SystemError } from '../core/diagnostic/system-error.ts';

/** Longer than any status, and far below what memory bears. */
const STATUS_LIMIT = 16 << 20;

const PATIENCE_MILLISECONDS = 5000;

/**
 * Reads the status document of the plugin behind a socket.
 *
 * @throws {SystemError} `NRI_STATUS` when there is none, or what answers is none
 */
export async function readStatus(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    const status: unknown = JSON.parse(await readAll(path));
    if (!isObject(status) || status['schemaVersion'] !== 1) throw new Error('what answers is no status');
    return status;
  } catch (failure) {
    const errno = errnoOf(failure);
    const isNothing = errno === 'ENOENT' || errno === 'ECONNREFUSED';
    const reason = isNothing
      ? 'no plugin is running there'
      : failure instanceof Error
        ? failure.message
        : String(failure);
    throw new SystemError('NRI_STATUS', { path, reason }, { cause: failure });
  }
}

function readAll(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const socket = createConnection({ path });
    const fail = (reason: string): void => {
      socket.destroy(new Error(reason));
    };
    socket.setTimeout(PATIENCE_MILLISECONDS, () => fail(`no answer within ${PATIENCE_MILLISECONDS / 1000} s`));
    socket.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > STATUS_LIMIT) fail('the answer is too long');
      else chunks.push(chunk);
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(Buffer.concat(chunks).toString()));
  });
}
