/** What kind of node a device is; the kernel knows no other. */
export type NodeType = 'b' | 'c';

/** Bits of a request, as in `struct bpf_cgroup_dev_ctx`. */
export const ACCESS = { MKNOD: 1, READ: 2, WRITE: 4 } as const;

/** All three bits: `rwm`. */
export const ALL_ACCESS = 7;

/** Every set of bits a request may carry, the empty one (`access(path, F_OK)`) included. */
export const ACCESS_MASKS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** What a process asks of the kernel: to make a node, or to open one; `access` is a sum of {@link ACCESS} bits. */
export interface DeviceRequest {
  readonly type: NodeType;
  readonly major: number;
  readonly minor: number;
  readonly access: number;
}

/** Reads access letters; letters other than r, w, m count for nothing, as in runc and crun. */
export function parseAccess(letters: string): number {
  let access = 0;
  if (letters.includes('r')) access |= ACCESS.READ;
  if (letters.includes('w')) access |= ACCESS.WRITE;
  if (letters.includes('m')) access |= ACCESS.MKNOD;
  return access;
}

/** Writes access bits as letters, in the order `rwm`. */
export function renderAccess(access: number): string {
  const letter = (bit: number, name: string): string => ((access & bit) === 0 ? '' : name);
  return letter(ACCESS.READ, 'r') + letter(ACCESS.WRITE, 'w') + letter(ACCESS.MKNOD, 'm');
}
