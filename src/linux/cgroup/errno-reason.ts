import { errnoOf } from '../../core/diagnostic/system-error.ts';

/** What the kernel means by an errno when a file of a cgroup is written or read. */
const REASON: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: the cgroup belongs to another user; it needs root, or delegation',
  EBUSY:
    'the kernel says busy: the cgroup holds processes (none may where controllers are passed on), or the memory is in use',
  EINVAL: 'the kernel does not take this value (EINVAL)',
  ENODEV: 'the cgroup was removed meanwhile, or the device does not exist (ENODEV)',
  ENOENT: 'there is no such file',
  EOPNOTSUPP: 'the kernel does not do this here (EOPNOTSUPP), as for a domain controller in a threaded cgroup',
  EPERM: 'not permitted: the file cannot be written here, or the caller lacks the capability',
  ERANGE: 'the value is out of the range that the kernel takes (ERANGE)',
  EROFS: 'the cgroup filesystem is mounted read-only; mount it read-write, or do this outside the container',
};

/** Gives the reason of a failed system call on a cgroup's file, for people. */
export function errnoReason(error: unknown): string {
  const errno = isUnsupported(error) ? 'EOPNOTSUPP' : errnoOf(error);
  if (errno !== undefined && REASON[errno] !== undefined) return REASON[errno];
  return error instanceof Error ? error.message : String(error);
}

/** Tells whether the kernel said EOPNOTSUPP, which Node calls by its other name. */
export function isUnsupported(error: unknown): boolean {
  return ['EOPNOTSUPP', 'ENOTSUP'].includes(errnoOf(error) ?? '');
}
