import { SystemError } from '../../core/diagnostic/system-error.ts';
import { errnoReason, isUnsupported } from './errno-reason.ts';
import { writeInto } from './make-cgroup.ts';
import type { OpenCgroup } from './open-cgroup.ts';

/** Controllers that tell threads of one process apart; all others know processes alone. Source: cgroups(7), Thread mode. */
export const THREADED_CONTROLLERS: readonly string[] = ['cpu', 'cpuset', 'perf_event', 'pids'];

/**
 * Makes a cgroup that holds nothing yet threaded; one that is so already is left.
 *
 * @param domain - its parent, whose resources the threads share
 * @throws {SystemError} `CGROUP_THREADED`, with the controllers that stand in the way
 */
export function makeThreaded(cgroup: OpenCgroup, domain: OpenCgroup): void {
  if (cgroup.read('cgroup.type')?.trim() === 'threaded') return;
  try {
    writeInto(cgroup, 'cgroup.type', 'threaded');
  } catch (error) {
    const reason = threadedReason(error, cgroup, domain);
    throw new SystemError('CGROUP_THREADED', { path: cgroup.directory, reason }, { cause: error });
  }
}

function threadedReason(error: unknown, cgroup: OpenCgroup, domain: OpenCgroup): string {
  if (!isUnsupported(error)) return errnoReason(error);
  const enabled = domain.words('cgroup.subtree_control').filter((name) => !THREADED_CONTROLLERS.includes(name));
  if (enabled.length > 0) {
    return `${domain.directory} passes ${enabled.join(', ')} on, which the kernel counts by process and not by thread; take it out of cgroup.subtree_control there, or use --threads process`;
  }
  if (cgroup.words('cgroup.procs').length > 0) return 'it holds processes already, and a cgroup becomes threaded empty';
  const type = domain.read('cgroup.type')?.trim();
  return `${domain.directory} is "${type ?? 'unknown'}" (cgroup.type), or holds cgroups with processes that are not threaded; use --threads process`;
}
