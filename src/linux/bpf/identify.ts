import { ALU, CLASS, type Instruction, OPCODE } from './instruction.ts';

/** Who made a device program, as far as its name and shape tell. */
export type ProgramOrigin = 'runc' | 'crun' | 'systemd' | 'own' | 'unknown';

/** The name that our filters bear in the kernel (at most 15 bytes). */
export const OWN_PROGRAM_NAME = 'oci_hooks';

/** The name of our programs that undo a denial made before them. */
export const OVERRIDE_PROGRAM_NAME = 'oci_hooks_allow';

const SYSTEMD_PROGRAM_NAME = 'sd_devices';

/** Opcodes of the prologue that runc and crun share: type, access, major and minor into r2 to r5. */
const RUNTIME_PROLOGUE: readonly number[] = [OPCODE.LDXW, 0x54, OPCODE.LDXW, 0x74, OPCODE.LDXW, OPCODE.LDXW];

/**
 * Tells a program's maker. systemd and we give names; runc and crun give none, begin alike, and differ in the width
 * of the move into r0. The program is given without blinding.
 */
export function identifyProgram(name: string, program: readonly Instruction[]): ProgramOrigin {
  if (name === OWN_PROGRAM_NAME || name === OVERRIDE_PROGRAM_NAME) return 'own';
  if (name === SYSTEMD_PROGRAM_NAME) return 'systemd';
  if (!RUNTIME_PROLOGUE.every((opcode, index) => program[index]?.opcode === opcode)) return 'unknown';
  switch (program.at(-2)?.opcode) {
    case CLASS.ALU | ALU.MOV:
      return 'runc';
    case CLASS.ALU64 | ALU.MOV:
      return 'crun';
    default:
      return 'unknown';
  }
}
