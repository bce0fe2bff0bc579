import { readFileSync } from 'node:fs';
import { type CgroupBranch, directoryIn } from '../../linux/cgroup/branch.ts';
import { cgroupIn, type Placement, sandboxMembers } from './overhead-moves.ts';
import { vcpuThreads } from './vcpu-threads.ts';

/** Gives what an administrator should know of how a sandbox is placed now. */
export function sandboxFindings({ layout, sandbox, branches, isVcpu, withShim }: Placement): string[] {
  const { vmm } = sandbox;
  const warnings: string[] = [];
  const threads = vcpuThreads(vmm.pid, isVcpu);
  if (threads.size > 0) {
    warnings.push(
      'the virtual machine runs already: memory that it has touched stays charged to the cgroup that it was in, only what it touches from now on counts in the new one',
    );
  } else if (layout.split !== 'none') {
    warnings.push(
      `process ${vmm.pid} has no vCPU thread yet that is known by its name: run this at poststart too, or \`hooks cgroup place ID --watch\`; --thread-name and --tid say which they are`,
    );
  }
  const [branch] = branches;
  if (branch?.version === 2 && !branch.isPlain && layout.split === 'processes' && layout.overhead !== undefined) {
    const lacking = ['cpu', 'memory'].filter((name) => !hasController(branch, layout.others, name));
    const others = sandboxMembers({ sandbox, withShim }).length > 1;
    if (lacking.length > 0 && others && cgroupIn(branch, vmm.pid) !== layout.others) {
      warnings.push(
        `${directoryIn(branch, layout.others)} has no ${lacking.join(' and ')} controller, so its use is not counted there and no limit takes hold: give --overhead-cgroup a slice, such as kata-overhead.slice`,
      );
    }
  }
  return warnings;
}

function hasController(branch: CgroupBranch, path: string, controller: string): boolean {
  try {
    const text = readFileSync(`${directoryIn(branch, path)}/cgroup.controllers`, 'utf8');
    return text.split(/\s+/).includes(controller);
  } catch {
    // It is not there (a dry run): nothing can be said.
    return true;
  }
}
