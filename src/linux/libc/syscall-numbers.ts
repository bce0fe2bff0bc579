/** System calls made here that Node has no function for, by name. Sources: the kernel's syscall tables. */
export type SyscallName =
  | 'bpf'
  | 'execve'
  | 'fcntl'
  | 'flock'
  | 'ppoll'
  | 'prlimit64'
  | 'rt_sigaction'
  | 'rt_sigprocmask'
  | 'sendto'
  | 'socket';

// 64-bit ports share the generic table, but for the three that are older than it.
const NUMBERS: Readonly<Record<SyscallName, { readonly generic: number; readonly [arch: string]: number }>> = {
  bpf: { generic: 280, x64: 321, ppc64: 361, s390x: 351 },
  execve: { generic: 221, x64: 59, ppc64: 11, s390x: 11 },
  fcntl: { generic: 25, x64: 72, ppc64: 55, s390x: 55 },
  flock: { generic: 32, x64: 73, ppc64: 143, s390x: 143 },
  ppoll: { generic: 73, x64: 271, ppc64: 281, s390x: 302 },
  prlimit64: { generic: 261, x64: 302, ppc64: 325, s390x: 334 },
  rt_sigaction: { generic: 134, x64: 13, ppc64: 173, s390x: 174 },
  rt_sigprocmask: { generic: 135, x64: 14, ppc64: 174, s390x: 175 },
  sendto: { generic: 206, x64: 44, ppc64: 335, s390x: 369 },
  socket: { generic: 198, x64: 41, ppc64: 326, s390x: 359 },
};

const GENERIC: readonly string[] = ['arm64', 'riscv64', 'loong64'];

/** Gives the number of a system call, or undefined on an architecture whose table is not known here. */
export function syscallNumber(name: SyscallName, arch: string): number | undefined {
  const numbers = NUMBERS[name];
  return GENERIC.includes(arch) ? numbers.generic : numbers[arch];
}
