import { addressOf } from '#libc';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { terminatedText } from '../libc/c-text.ts';
import { systemCall } from '../libc/system-call.ts';
import { passOnDescriptors } from './descriptors.ts';
import { restoreOpenFilesLimit } from './open-files-limit.ts';
import { restoreSignals } from './signals.ts';

/** A program and what it is started with, as bytes: arguments and variables need not be UTF-8. */
export interface ProgramStart {
  readonly path: string;
  readonly argv: readonly Uint8Array[];
  /** Each `NAME=value`, in order. */
  readonly environment: readonly Uint8Array[];
}

/**
 * Becomes another program by execve(2): process number, parent, working directory and umask stay, and what our own runtime
 * has changed since it started is put back as far as it can be known: signals, descriptors, the limit of open files.
 * It comes back only by throwing.
 *
 * @throws {SystemError} `PROGRAM_EXEC`, `SYSCALL_UNKNOWN`
 */
export function becomeProgram({ path, argv, environment }: ProgramStart): never {
  restoreSignals();
  restoreOpenFilesLimit();
  passOnDescriptors();
  const args = textVector(argv);
  const variables = textVector(environment);
  // The vectors hold addresses of the texts: given as further arguments, which execve(2) does not look at, they stay in place.
  const result = systemCall(
    'execve',
    terminatedText(path),
    args.addresses,
    variables.addresses,
    args.texts,
    variables.texts,
  );
  throw new SystemError('PROGRAM_EXEC', { path, reason: systemFailure(result) });
}

interface TextVector {
  readonly texts: Uint8Array;
  readonly addresses: Uint8Array;
}

/** Gives texts as C takes them: all in one block, each ended by NUL, and their addresses, ended by a null pointer. */
function textVector(texts: readonly Uint8Array[]): TextVector {
  let length = 1;
  for (const text of texts) length += text.length + 1;
  const block = new Uint8Array(length);
  const start = addressOf(block);
  const addresses = new BigUint64Array(texts.length + 1);
  let [index, offset] = [0, 0];
  for (const text of texts) {
    addresses[index++] = start + BigInt(offset);
    block.set(text, offset);
    offset += text.length + 1;
  }
  return { texts: block, addresses: new Uint8Array(addresses.buffer) };
}

function systemFailure(result: number): string {
  // Loaded for a failure alone.
  const [name, message] = process.getBuiltinModule('node:util').getSystemErrorMap().get(result) ?? [];
  return name === undefined ? `errno ${-result}` : `${name}: ${message}`;
}
