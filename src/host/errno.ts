/** Numbers that are the same on every architecture here. Source: asm-generic/errno-base.h, errno.h. */
export const ENOENT = 2;
export const EINTR = 4;
export const EAGAIN = 11;
export const EINVAL = 22;
export const EROFS = 30;
export const EPIPE = 32;
export const ELOOP = 40;

/** Gives the failure of a system call as node:fs throws it: `code` is the name, the message has the system's words. */
export function systemFailure(result: number): Error & { readonly code: string } {
  const [code, words] = describe(result);
  return Object.assign(new Error(`${code}: ${words}`), { code });
}

/** Gives the name of a system call's failure, `ENOENT`. */
export function errnoName(result: number): string {
  return describe(result)[0];
}

function describe(result: number): readonly [name: string, words: string] {
  // Directories that do not exist are common; all else is worth loading the table.
  if (result === -ENOENT) return ['ENOENT', 'no such file or directory'];
  const known = process.getBuiltinModule('node:util').getSystemErrorMap().get(result);
  return known ?? [`errno ${-result}`, 'unknown error'];
}
