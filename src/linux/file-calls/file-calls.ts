/** What stat(2) says of a file, as far as anybody here asks. */
export interface FileStatus {
  /** Type and permissions, as in `st_mode`. */
  readonly mode: number;
  readonly uid: number;
  /** In bytes. */
  readonly size: number;
  /** With `inode` equal for two paths of one file; what it says besides differs between the two twins. */
  readonly device: number;
  readonly inode: number;
}

/** Whether a symbolic link at the end of a path is followed. */
export type Links = 'follow' | 'stay';

/** A path as text, or as its bytes where they are no UTF-8. */
export type FilePath = string | Uint8Array;

/**
 * The calls on files that a start makes. Each gives its result, or minus the errno; a path that holds a NUL is EINVAL.
 *
 * There are two: `node.ts` (node:fs) and `bun.ts` (the system's own calls, for the executable, where node:fs costs more
 * than a millisecond before it has read anything); `#file-calls` is the one that fits, by the package's `imports`.
 */
export interface FileCalls {
  /** Opens for reading, without waiting for a FIFO's writer; with `stay` a link is ELOOP. */
  readonly openFile: (path: FilePath, links: Links) => number;
  readonly closeFile: (descriptor: number) => void;
  /** Reads from where the last reading ended into `bytes`, from `offset` to its end; 0 is the file's end. */
  readonly readInto: (descriptor: number, bytes: Uint8Array, offset: number) => number;
  /** Writes `bytes` from `offset` to its end, and gives how many were written. */
  readonly writeFrom: (descriptor: number, bytes: Uint8Array, offset: number) => number;
  readonly statusOf: (descriptor: number) => FileStatus | number;
  readonly statusAt: (path: FilePath, links: Links) => FileStatus | number;
  /** Gives 0 where this process may write to a path, or run it, links followed; EROFS where its mount is read-only. */
  readonly access: (path: string, to: 'write' | 'run') => number;
  /** Gives where a link leads; EINVAL for what is none. */
  readonly linkTarget: (path: string) => string | number;
  /** Gives the names in a directory, in no order, without `.` and `..`; one that is no UTF-8 has U+FFFD in it. */
  readonly namesIn: (directory: string) => string[] | number;
  /** Gives the names in a directory as they are. */
  readonly nameBytesIn: (directory: string) => Uint8Array[] | number;
}

/** The bits of `mode` that say what kind of file it is, and their values. Source: inode(7); the same everywhere. */
export const FILE_TYPE = 0o170000;
export const REGULAR = 0o100000;
