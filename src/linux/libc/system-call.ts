import { syscall } from '#libc';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import type { SyscallArgument } from './libc.ts';
import { type SyscallName, syscallNumber } from './syscall-numbers.ts';

/**
 * Makes a system call by its name and gives its result, or minus the errno.
 *
 * @param args - at most six; those left out are 0
 * @throws {SystemError} `SYSCALL_UNKNOWN` on an architecture whose table is not known here
 */
export function systemCall(name: SyscallName, ...args: readonly SyscallArgument[]): number {
  const number = syscallNumber(name, process.arch);
  if (number === undefined) throw new SystemError('SYSCALL_UNKNOWN', { name, arch: process.arch });
  return syscall(number, ...args);
}
