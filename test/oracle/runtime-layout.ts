import {
  type AssemblyLine,
  arithmetic,
  arithmeticRegister,
  assemble,
  exit,
  jumpIf,
  label,
  loadWord,
  move,
} from '../../src/linux/bpf/assemble.ts';
import type { DeviceList } from '../../src/linux/bpf/device-list.ts';
import { ALL_ACCESS } from '../../src/linux/bpf/device-request.ts';
import { ANY_NUMBER } from '../../src/linux/bpf/device-rule.ts';
import { ALU, type Instruction, JUMP, REGISTER_OPERAND } from '../../src/linux/bpf/instruction.ts';

/**
 * Gives the program that runc (`crun`: the same with a 64-bit move in the exits) makes of a list: a prologue of six
 * instructions, then each entry with its own exit. Rebuilt from programs read back from the kernel; the generator is
 * measured against it.
 */
export function runtimeLayout(list: DeviceList, runtime: 'runc' | 'crun'): Instruction[] {
  const lines: AssemblyLine[] = [
    loadWord(2, 1, 0),
    arithmetic(ALU.AND, 2, 0xffff),
    loadWord(3, 1, 0),
    arithmetic(ALU.RSH, 3, 16),
    loadWord(4, 1, 4),
    loadWord(5, 1, 8),
  ];
  for (const [index, { allow, type, major, minor, access }] of list.entries.entries()) {
    const next = `entry ${index + 1}`;
    if (type !== 'a') lines.push(jumpIf(JUMP.JNE, 2, type === 'c' ? 2 : 1, next));
    if (access !== ALL_ACCESS) {
      lines.push(arithmeticRegister(ALU.MOV, 1, 3), arithmetic(ALU.AND, 1, access));
      lines.push(registerJump(JUMP.JNE, 1, 3, next));
    }
    if (major !== ANY_NUMBER) lines.push(jumpIf(JUMP.JNE, 4, major, next));
    if (minor !== ANY_NUMBER) lines.push(jumpIf(JUMP.JNE, 5, minor, next));
    lines.push(result(allow, runtime), exit(), label(next));
  }
  return assemble([...lines, result(list.defaultAllow, runtime), exit()]);
}

function result(allow: boolean, runtime: 'runc' | 'crun'): AssemblyLine {
  const line = move(0, allow ? 1 : 0);
  if (runtime === 'runc' || line.kind !== 'instruction') return line;
  return { ...line, instruction: { ...line.instruction, opcode: 0xb7 } };
}

function registerJump(operation: number, dst: number, src: number, target: string): AssemblyLine {
  const line = jumpIf(operation, dst, 0, target);
  if (line.kind !== 'jump') return line;
  return { ...line, instruction: { ...line.instruction, opcode: line.instruction.opcode | REGISTER_OPERAND, src } };
}
