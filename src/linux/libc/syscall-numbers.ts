/** System calls made here that Node has no function for, by name. Sources: the kernel's syscall tables. */
export type SyscallName = 'bpf';

// 64-bit ports share the generic table, but for the three that are older than it.
const NUMBERS: Readonly<Record<SyscallName, { readonly generic: number; readonly [arch: string]: number }>> = {
  bpf: { generic: 280, x64: 321, ppc64: 361, s390x: 351 },
};

const GENERIC: readonly string[] = ['arm64', 'riscv64', 'loong64'];

/** Gives the number of a system call, or undefined on an architecture whose table is not known here. */
export function syscallNumber(name: SyscallName, arch: string): number | undefined {
  const numbers = NUMBERS[name];
  return GENERIC.includes(arch) ? numbers.generic : numbers[arch];
}
