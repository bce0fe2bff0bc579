import type { NodeType } from '../bpf/device-request.ts';

/** The numbers of a driver: one node of a misc driver, or all minors (-1) of a major. */
export interface DriverNumbers {
  readonly name: string;
  readonly type: NodeType;
  readonly major: number;
  readonly minor: number;
}

/** The major of all misc devices (linux/major.h). */
const MISC_MAJOR = 10;

/**
 * Reads /proc/devices: lines `MAJOR NAME` below `Character devices:` and `Block devices:`. One major may have several
 * names (4: /dev/vc/0, tty, ttyS), one name several majors.
 */
export function parseProcDevices(text: string): DriverNumbers[] {
  let type: NodeType | undefined;
  return text.split('\n').flatMap((line): DriverNumbers[] => {
    if (line.startsWith('Character devices')) type = 'c';
    if (line.startsWith('Block devices')) type = 'b';
    const match = /^\s*(\d+) (.+)$/.exec(line);
    if (match === null || type === undefined) return [];
    return [{ name: match[2] ?? '', type, major: Number(match[1]), minor: -1 }];
  });
}

/** Reads /proc/misc: lines `MINOR NAME`, all of major 10. */
export function parseProcMisc(text: string): DriverNumbers[] {
  return text.split('\n').flatMap((line): DriverNumbers[] => {
    const match = /^\s*(\d+) (.+)$/.exec(line);
    return match === null ? [] : [{ name: match[2] ?? '', type: 'c', major: MISC_MAJOR, minor: Number(match[1]) }];
  });
}
