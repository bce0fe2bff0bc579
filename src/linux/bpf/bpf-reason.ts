import { getSystemErrorName } from 'node:util';

/** What the kernel means by an errno of bpf(2), where the bare name would not help. */
const REASON: Readonly<Record<string, string>> = {
  EPERM: 'not permitted (EPERM): it needs CAP_BPF and CAP_NET_ADMIN, or CAP_SYS_ADMIN',
  ENOSYS: 'this kernel has no bpf(2) (ENOSYS): CONFIG_BPF_SYSCALL is off',
  EBADF: 'the directory is no cgroup of version 2, or it was removed (EBADF)',
  ENODEV: 'the cgroup was removed meanwhile (ENODEV)',
  ENOENT: 'the cgroup was removed meanwhile, or the program is no longer attached (ENOENT)',
  EBUSY: 'something else holds the attach point (EBUSY)',
  EAGAIN: 'the kernel was interrupted (EAGAIN): try again',
  EACCES: "the kernel's verifier refuses it (EACCES)",
  ENOMEM: 'the kernel has no memory for it (ENOMEM)',
};

const ATTACH_REASON: Readonly<Record<string, string>> = {
  E2BIG: 'it has 64 programs already, the most the kernel takes (E2BIG): detach one that is not needed',
  EPERM:
    'not permitted (EPERM): it needs CAP_NET_ADMIN with CAP_BPF, or CAP_SYS_ADMIN, and a cgroup above may have a program that admits no other below',
  EINVAL: 'the kernel does not know these flags, or the program is attached already (EINVAL)',
};

const LOAD_REASON: Readonly<Record<string, string>> = {
  E2BIG: 'it is too long or too tangled for the verifier (E2BIG): fewer rules are needed',
  EINVAL: 'the kernel does not know device programs (CONFIG_CGROUP_BPF), or the verifier refuses it (EINVAL)',
};

/** Gives the reason of a failed bpf(2) for people. */
export function bpfReason(errno: number, operation: 'load' | 'attach' | 'other'): string {
  const name = errnoName(errno);
  const special = operation === 'load' ? LOAD_REASON : operation === 'attach' ? ATTACH_REASON : {};
  return special[name] ?? REASON[name] ?? name;
}

/** Gives the name of an errno: `ENOENT` for 2. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}
