import { BYTE_ORDER } from '../bpf/bpf-call.ts';
import { attachedPrograms, readPrograms } from '../bpf/cgroup-programs.ts';
import type { DeviceRule, RuleType } from '../bpf/device-rule.ts';
import { identifyProgram, type ProgramOrigin } from '../bpf/identify.ts';
import { liftProgram } from '../bpf/lift.ts';
import { rulesOfMap } from '../bpf/map-rules.ts';
import { unblind } from '../bpf/unblind.ts';
import type { OpenCgroup } from '../cgroup/open-cgroup.ts';
import type { DeviceCgroups } from './device-cgroups.ts';

/** What one program, or the list of a v1 cgroup, lets open. */
export interface ShownProgram {
  /** The kernel's id; 0 for the list of a v1 cgroup. */
  readonly id: number;
  readonly from: ProgramOrigin;
  readonly default: 'allow' | 'deny';
  /** From the general to the special: the last rule that fits decides. */
  readonly rules: readonly DeviceRule[];
  /** Why `rules` could not be told; then `default` says deny, which may be too little. */
  readonly unreadable?: string;
}

/** A cgroup level with what limits it, the container's own first. Every program of every level has to allow a request. */
export interface ShownCgroup {
  readonly path: string;
  readonly version: 1 | 2;
  readonly programs: readonly ShownProgram[];
}

/**
 * Decodes what is in force for a container from the kernel: v2 level by level up to the root, then v1.
 *
 * @throws {SystemError} `BPF_QUERY`, `CGROUP_*`
 */
export function showDevices({ unified, v1 }: DeviceCgroups): ShownCgroup[] {
  const levels: ShownCgroup[] = [];
  if (unified !== undefined) {
    levels.push(showLevel(unified));
    for (let level = unified.openParent(); level !== undefined; ) {
      try {
        const shown = showLevel(level);
        // Levels above that limit nothing would only fill the page.
        if (shown.programs.length > 0) levels.push(shown);
      } finally {
        level.close();
      }
      level = level.openParent();
    }
  }
  if (v1 !== undefined) levels.push({ path: v1.place.path, version: 1, programs: [showList(v1)] });
  return levels;
}

function showLevel(cgroup: OpenCgroup): ShownCgroup {
  const programs = readPrograms(attachedPrograms(cgroup).ids).map((info): ShownProgram => {
    const { id } = info;
    const unknown = { id, from: 'unknown', default: 'deny', rules: [] } as const;
    if ('errno' in info) return { ...unknown, unreadable: info.errno };
    const plain = info.instructions && unblind(info.instructions);
    if (plain === undefined) return { ...unknown, unreadable: 'the kernel does not give it back' };
    const from = identifyProgram(info.name, plain);
    const map = liftProgram(plain, BYTE_ORDER);
    const told = map && rulesOfMap(map);
    if (told === undefined) return { ...unknown, from, unreadable: 'it is none of the programs that can be decoded' };
    return { id, from, ...told };
  });
  return { path: cgroup.place.path, version: 2, programs };
}

/** Reads devices.list: allowed devices only; `a *:* rwm` means that all is allowed but what cannot be seen. */
function showList(cgroup: OpenCgroup): ShownProgram {
  const text = cgroup.read('devices.list') ?? '';
  const rules = text.split('\n').flatMap((line): DeviceRule[] => {
    const match = /^([abc]) (\d+|\*):(\d+|\*) ([rwm]+)$/.exec(line);
    if (match === null) return [];
    const [major = -1, minor = -1] = [match[2], match[3]].map((digits) => (digits === '*' ? -1 : Number(digits)));
    return [{ allow: true, type: ruleType(match[1]), major, minor, access: match[4] ?? '' }];
  });
  const isOpen = rules.some(({ type, major, minor }) => type === 'a' && major === -1 && minor === -1);
  return { id: 0, from: 'unknown', default: isOpen ? 'allow' : 'deny', rules: isOpen ? [] : rules };
}

function ruleType(letter: string | undefined): RuleType {
  return letter === 'b' || letter === 'c' ? letter : 'a';
}
