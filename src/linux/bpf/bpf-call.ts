import { closeSync } from 'node:fs';
import { arch, endianness } from 'node:os';
import { addressOf, syscall } from '#libc';
import { SystemError } from '../../core/diagnostic/system-error.ts';
import { syscallNumber } from '../libc/syscall-numbers.ts';
import { type ByteOrder, decodeProgram, encodeProgram, type Instruction } from './instruction.ts';

/** The byte order of this machine. */
export const BYTE_ORDER: ByteOrder = endianness();

/** How programs of a cgroup go together (linux/bpf.h, `BPF_F_*`). */
export const ATTACH = { ALONE: 0, OVERRIDE: 1, MULTI: 2, REPLACE: 4 } as const;

const COMMAND = { LOAD: 5, ATTACH: 8, DETACH: 9, GET_FD_BY_ID: 13, OBJ_GET_INFO: 15, QUERY: 16 } as const;
const PROGRAM_TYPE_CGROUP_DEVICE = 15;
const ATTACH_TYPE_CGROUP_DEVICE = 6;

/** Bytes of `union bpf_attr` that are passed; the rest of a newer kernel's counts as zero. */
const ATTRIBUTE_BYTES = 144;
const INFO_BYTES = 256;
const LOG_BYTES = 1 << 20;

/** The kernel attaches at most 64 to a cgroup. */
const PROGRAMS_LIMIT = 64;

const IS_LITTLE = BYTE_ORDER === 'LE';

/** What is attached to a cgroup itself, in the order it runs. */
export interface AttachedPrograms {
  readonly ids: readonly number[];
  /** A sum of {@link ATTACH} flags, as whoever attached first chose. */
  readonly flags: number;
}

/** A program as the kernel gives it back. */
export interface ProgramInfo {
  readonly id: number;
  readonly name: string;
  /** Undefined when the kernel hides it (`kernel.kptr_restrict`, missing capabilities). */
  readonly instructions: readonly Instruction[] | undefined;
}

/**
 * Loads a device program and gives its descriptor, which the caller closes. It is loaded without a log first: a log
 * that does not fit would hide the real errno.
 *
 * @param options - `override`: the program calls `bpf_set_retval`, which wants the attach type at load time;
 *   `verifierLog`: a refusal tells what the verifier said
 * @returns the descriptor, or minus the errno with the log
 */
export function loadProgram(
  program: readonly Instruction[],
  options: { readonly name: string; readonly override?: boolean; readonly verifierLog?: boolean },
): number | { readonly errno: number; readonly log: string } {
  const code = encodeProgram(program, BYTE_ORDER);
  const licence = cString('Apache-2.0');
  const log = new Uint8Array(options.verifierLog === true ? LOG_BYTES : 0);
  const load = (withLog: boolean): number =>
    bpf(COMMAND.LOAD, (attribute) => {
      attribute.u32(0, PROGRAM_TYPE_CGROUP_DEVICE);
      attribute.u32(4, program.length);
      attribute.pointer(8, code);
      attribute.pointer(16, licence);
      attribute.text(48, options.name);
      if (options.override === true) attribute.u32(68, ATTACH_TYPE_CGROUP_DEVICE);
      if (!withLog) return;
      attribute.u32(24, 1);
      attribute.u32(28, log.byteLength);
      attribute.pointer(32, log);
    });
  const descriptor = load(false);
  if (descriptor >= 0) return descriptor;
  if (log.byteLength > 0) {
    const second = load(true);
    if (second >= 0) return second;
  }
  const end = log.indexOf(0);
  return { errno: -descriptor, log: new TextDecoder().decode(log.subarray(0, Math.max(end, 0))) };
}

/** Gives the programs attached to a cgroup itself, or minus the errno. */
export function queryPrograms(cgroup: number): AttachedPrograms | number {
  const ids = new Uint8Array(PROGRAMS_LIMIT * 4);
  let attached: AttachedPrograms = { ids: [], flags: 0 };
  const result = bpf(
    COMMAND.QUERY,
    (attribute) => {
      attribute.u32(0, cgroup);
      attribute.u32(4, ATTACH_TYPE_CGROUP_DEVICE);
      attribute.pointer(16, ids);
      attribute.u32(24, PROGRAMS_LIMIT);
    },
    (attribute) => {
      const view = new DataView(ids.buffer);
      const count = Math.min(attribute.getUint32(24, IS_LITTLE), PROGRAMS_LIMIT);
      attached = {
        ids: Array.from({ length: count }, (_, index) => view.getUint32(index * 4, IS_LITTLE)),
        flags: attribute.getUint32(12, IS_LITTLE),
      };
    },
  );
  return result < 0 ? result : attached;
}

/** Opens a program by its id; gives the descriptor, which the caller closes, or minus the errno. */
export function openProgram(id: number): number {
  return bpf(COMMAND.GET_FD_BY_ID, (attribute) => attribute.u32(0, id));
}

/** Reads a program back, or gives minus the errno. */
export function readProgram(program: number): ProgramInfo | number {
  const first = readInfo(program, undefined);
  if (typeof first === 'number') return first;
  const code = new Uint8Array(first.getUint32(20, IS_LITTLE));
  const second = code.byteLength === 0 ? first : readInfo(program, code);
  if (typeof second === 'number') return second;
  const name = new Uint8Array(second.buffer, second.byteOffset + 64, 16);
  // The length is told even where the code is hidden; then the pointer comes back as null.
  const isHidden = code.byteLength === 0 || second.getBigUint64(32, IS_LITTLE) === 0n;
  return {
    id: second.getUint32(4, IS_LITTLE),
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    instructions: isHidden ? undefined : decodeProgram(code, BYTE_ORDER),
  };
}

/**
 * Attaches a program to a cgroup; gives 0 or minus the errno.
 *
 * @param replaced - the descriptor of the program whose place it takes, with the flag REPLACE
 */
export function attachProgram(cgroup: number, program: number, flags: number, replaced?: number): number {
  return bpf(COMMAND.ATTACH, (attribute) => {
    attribute.u32(0, cgroup);
    attribute.u32(4, program);
    attribute.u32(8, ATTACH_TYPE_CGROUP_DEVICE);
    attribute.u32(12, flags);
    if (replaced !== undefined) attribute.u32(16, replaced);
  });
}

/** Detaches a program from a cgroup; gives 0 or minus the errno. */
export function detachProgram(cgroup: number, program: number): number {
  return bpf(COMMAND.DETACH, (attribute) => {
    attribute.u32(0, cgroup);
    attribute.u32(4, program);
    attribute.u32(8, ATTACH_TYPE_CGROUP_DEVICE);
  });
}

/** Runs `use` with the descriptor of a program, and closes it in any case. */
export function withProgram<T>(descriptor: number, use: (descriptor: number) => T): T {
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readInfo(program: number, code: Uint8Array | undefined): DataView | number {
  const info = new Uint8Array(INFO_BYTES);
  const view = new DataView(info.buffer);
  if (code !== undefined) {
    view.setUint32(20, code.byteLength, IS_LITTLE);
    view.setBigUint64(32, addressOf(code), IS_LITTLE);
  }
  const result = bpf(COMMAND.OBJ_GET_INFO, (attribute) => {
    attribute.u32(0, program);
    attribute.u32(4, info.byteLength);
    attribute.pointer(8, info);
  });
  return result < 0 ? result : view;
}

/** Fills in `union bpf_attr` by offset. */
interface Attribute {
  readonly u32: (offset: number, value: number) => void;
  readonly pointer: (offset: number, view: Uint8Array) => void;
  readonly text: (offset: number, value: string) => void;
}

function bpf(command: number, fill: (attribute: Attribute) => void, read?: (attribute: DataView) => void): number {
  const number = syscallNumber('bpf', arch());
  if (number === undefined) throw new SystemError('BPF_ARCHITECTURE', { arch: arch() });
  const bytes = new Uint8Array(ATTRIBUTE_BYTES);
  const view = new DataView(bytes.buffer);
  // What pointers aim at is referenced until the call is over.
  const kept: Uint8Array[] = [];
  fill({
    u32: (offset, value) => view.setUint32(offset, value, IS_LITTLE),
    pointer: (offset, memory) => {
      kept.push(memory);
      view.setBigUint64(offset, addressOf(memory), IS_LITTLE);
    },
    text: (offset, value) => bytes.set(new TextEncoder().encode(value), offset),
  });
  const result = syscall(number, command, bytes, bytes.byteLength);
  if (result >= 0) read?.(view);
  kept.length = 0;
  return result;
}

function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}
