/** System calls made here, by name. Sources: the kernel's syscall tables. */
export type SyscallName =
  | 'bpf'
  | 'close'
  | 'execve'
  | 'faccessat'
  | 'fcntl'
  | 'flock'
  | 'getdents64'
  | 'openat'
  | 'ppoll'
  | 'prlimit64'
  | 'read'
  | 'readlinkat'
  | 'rt_sigaction'
  | 'rt_sigprocmask'
  | 'sendto'
  | 'socket'
  | 'statx'
  | 'write';

// 64-bit ports share the generic table, but for the three that are older than it.
const NUMBERS: Readonly<Record<SyscallName, { readonly generic: number; readonly [arch: string]: number }>> = {
  bpf: { generic: 280, x64: 321, ppc64: 361, s390x: 351 },
  close: { generic: 57, x64: 3, ppc64: 6, s390x: 6 },
  execve: { generic: 221, x64: 59, ppc64: 11, s390x: 11 },
  faccessat: { generic: 48, x64: 269, ppc64: 298, s390x: 300 },
  fcntl: { generic: 25, x64: 72, ppc64: 55, s390x: 55 },
  flock: { generic: 32, x64: 73, ppc64: 143, s390x: 143 },
  getdents64: { generic: 61, x64: 217, ppc64: 202, s390x: 220 },
  openat: { generic: 56, x64: 257, ppc64: 286, s390x: 288 },
  ppoll: { generic: 73, x64: 271, ppc64: 281, s390x: 302 },
  prlimit64: { generic: 261, x64: 302, ppc64: 325, s390x: 334 },
  read: { generic: 63, x64: 0, ppc64: 3, s390x: 3 },
  readlinkat: { generic: 78, x64: 267, ppc64: 296, s390x: 298 },
  rt_sigaction: { generic: 134, x64: 13, ppc64: 173, s390x: 174 },
  rt_sigprocmask: { generic: 135, x64: 14, ppc64: 174, s390x: 175 },
  sendto: { generic: 206, x64: 44, ppc64: 335, s390x: 369 },
  socket: { generic: 198, x64: 41, ppc64: 326, s390x: 359 },
  statx: { generic: 291, x64: 332, ppc64: 383, s390x: 379 },
  write: { generic: 64, x64: 1, ppc64: 4, s390x: 4 },
};

const GENERIC: readonly string[] = ['arm64', 'riscv64', 'loong64'];

/** Gives the number of a system call, or undefined on an architecture whose table is not known here. */
export function syscallNumber(name: SyscallName, arch: string): number | undefined {
  const numbers = NUMBERS[name];
  return GENERIC.includes(arch) ? numbers.generic : numbers[arch];
}
