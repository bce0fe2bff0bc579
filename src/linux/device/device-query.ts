import type { NodeType } from '../bpf/device-request.ts';

/**
 * A wish for devices: one node by its path, all nodes that a glob fits, numbers (-1 = any), or a driver by its name in
 * /proc/devices or /proc/misc.
 */
export type DeviceQuery =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'glob'; readonly pattern: string }
  | { readonly kind: 'numbers'; readonly type: NodeType; readonly major: number; readonly minor: number }
  | { readonly kind: 'class'; readonly name: string; readonly type: NodeType | undefined };

/** The kernel's own limits: 12 bits of major, 20 of minor. */
export const NUMBER_LIMITS = { major: 0xfff, minor: 0xf_ffff } as const;

const LONGEST_QUERY = 4096;

/**
 * Reads a wish: `/dev/fuse`, `/dev/nvidia*`, `10:229`, `c 10:*`, `b 7:0`, `class:fuse`, and systemd's `char-pts` and
 * `block-loop`. Numbers without a letter are those of a character device.
 *
 * @returns the reason as a text where it is none of these
 */
export function parseDeviceQuery(text: string): DeviceQuery | { readonly reason: string } {
  if (text.length > LONGEST_QUERY || text.includes('\0')) return { reason: 'the name of a device is shorter' };
  if (text.startsWith('/')) {
    if (text.split('/').includes('..')) return { reason: 'a path with ".." is refused; write the path that is meant' };
    return /[*?[]/.test(text) ? { kind: 'glob', pattern: text } : { kind: 'path', path: text };
  }
  const driver = /^(class:|char-|block-)(.+)$/s.exec(text);
  if (driver !== null) {
    const type = driver[1] === 'char-' ? 'c' : driver[1] === 'block-' ? 'b' : undefined;
    return { kind: 'class', name: driver[2] ?? '', type };
  }
  const match = /^(?:([bc])[ :])?(\d{1,10}|\*):(\d{1,10}|\*)$/.exec(text);
  if (match === null) {
    return { reason: 'write a path (/dev/fuse), a glob (/dev/nvidia*), numbers (c 10:229) or a driver (class:fuse)' };
  }
  const [major, minor] = [match[2], match[3]].map((digits) => (digits === '*' ? -1 : Number(digits)));
  if (major === undefined || minor === undefined) return { reason: 'a number is missing' };
  if (major > NUMBER_LIMITS.major || minor > NUMBER_LIMITS.minor) {
    return { reason: `the kernel has majors up to ${NUMBER_LIMITS.major} and minors up to ${NUMBER_LIMITS.minor}` };
  }
  return { kind: 'numbers', type: match[1] === 'b' ? 'b' : 'c', major, minor };
}
