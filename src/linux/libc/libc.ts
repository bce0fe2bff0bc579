/** A word of a system call: a number, or memory of which the address is passed and which the kernel may write to. */
export type SyscallArgument = number | bigint | Uint8Array;

/**
 * System calls, and what they need of memory. There are two: `node.ts` (koffi) and `bun.ts` (bun:ffi, for the
 * executable); `#libc` is the one that fits, by the package's `imports`.
 */
export interface Libc {
  /**
   * Makes a system call and gives its result, or minus the errno. A view stays in place for the length of the call.
   *
   * @param args - at most six; those left out are 0
   */
  readonly syscall: (number: number, ...args: readonly SyscallArgument[]) => number;
  /** Gives the address of a view's first byte, for a structure that holds pointers. It is valid while the view is referenced. */
  readonly addressOf: (view: Uint8Array) => bigint;
}

/** Fills the arguments of a system call up to six words. */
export function syscallWords(
  args: readonly SyscallArgument[],
  addressOf: Libc['addressOf'],
): [bigint, bigint, bigint, bigint, bigint, bigint] {
  const word = (index: number): bigint => {
    const argument = args[index] ?? 0;
    // The address of an empty view means nothing; the kernel is given a null pointer.
    if (typeof argument === 'object') return argument.byteLength === 0 ? 0n : addressOf(argument);
    return BigInt(argument);
  };
  return [word(0), word(1), word(2), word(3), word(4), word(5)];
}
