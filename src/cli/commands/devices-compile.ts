import { endianness } from 'node:os';
import { disassemble } from '../../linux/bpf/disassemble.ts';
import { encodeProgram } from '../../linux/bpf/instruction.ts';
import { errorDocuments } from '../../linux/cgroup/plan-document.ts';
import type { CgroupProblem } from '../../linux/cgroup/problem.ts';
import { type CompiledRules, compileRules } from '../../linux/device/rule-list.ts';
import { writeFindings } from '../cgroup-flags.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { readJsonInput } from '../json-input.ts';
import { writeJson, writeResult } from '../output.ts';

/** Flags of `hooks devices compile`. */
export interface DevicesCompileFlags {
  readonly rules: string;
  readonly dialect: 'runc' | 'crun';
  readonly defaults?: 'runc' | 'crun';
  readonly json?: boolean;
}

/** Does `hooks devices compile`: a rule list becomes a program in the byte order of this machine. */
export async function devicesCompile(flags: DevicesCompileFlags): Promise<ExitStatus> {
  const input = readJsonInput(flags.rules);
  const { dialect, defaults, json = false } = flags;
  const byteOrder = endianness();
  const compiled: CompiledRules =
    'problem' in input ? { problems: [input.problem] } : compileRules(input.json, { dialect, defaults, byteOrder });
  if ('problems' in compiled) return refuse(compiled.problems, json);
  const { program } = compiled;
  if (json) {
    const bytes = Buffer.from(encodeProgram(program, byteOrder)).toString('base64');
    writeJson({ instructions: program.length, program: bytes });
  } else {
    writeResult(`${listing(disassemble(program)).join('\n')}\n`);
  }
  return EXIT.done;
}

function refuse(problems: readonly CgroupProblem[], json: boolean): ExitStatus {
  const errors = errorDocuments(problems);
  if (json) writeJson({ errors });
  else writeFindings({ ignored: [], errors });
  return EXIT.no;
}

/** What the loads at the start put into registers; the rest reads by itself. */
const COMMENTS: readonly (readonly [RegExp, string])[] = [
  [/r2 = /, 'type: 1 block, 2 character'],
  [/r3 = /, 'access: 1 mknod, 2 read, 4 write'],
  [/r4 = /, 'major'],
  [/r5 = /, 'minor'],
  [/w0 = 0$/, 'deny'],
  [/w0 = 1$/, 'allow'],
  [/w0 = \d+$/, 'one bit for each access from 0 to 7: set where it passes'],
  [/w0 >>= /, 'the bit of this access'],
];

function listing(lines: readonly string[]): string[] {
  const width = Math.max(...lines.map((line) => line.length));
  return lines.map((line) => {
    const comment = COMMENTS.find(([pattern]) => pattern.test(line))?.[1];
    return comment === undefined ? line : `${line.padEnd(width)}  ; ${comment}`;
  });
}
