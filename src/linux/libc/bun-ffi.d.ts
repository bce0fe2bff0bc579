/** What the files `bun.ts` use of Bun's own module; @types/bun would bring globals that Node does not have. */
declare module 'bun:ffi' {
  interface Symbol {
    readonly args: readonly string[];
    readonly returns: string;
  }
  export function dlopen<Names extends string>(
    path: string,
    symbols: Readonly<Record<Names, Symbol>>,
  ): { readonly symbols: Readonly<Record<Names, (...args: readonly (number | bigint)[]) => number | bigint>> };
  export function ptr(view: Uint8Array, byteOffset?: number): number;
  export const read: { readonly i32: (pointer: number, offset: number) => number };
}
