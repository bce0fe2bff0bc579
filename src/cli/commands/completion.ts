import type { Command } from 'commander';
import { commandTree } from '../command-tree.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { EXIT, type ExitStatus } from '../exit-status.ts';
import { writeResult } from '../output.ts';

const SCRIPTS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** Does `hooks completion`: the script that lets a shell complete this program's commands, flags and values. */
export async function completion(shell: 'bash' | 'zsh' | 'fish', program: Command): Promise<ExitStatus> {
  writeResult(SCRIPTS[shell](commandTree(program)));
  return EXIT.done;
}
