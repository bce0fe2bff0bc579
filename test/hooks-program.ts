import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** What a run of the program left: its exit status, null when a signal ended it, and its output as text. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the built program `hooks` with these arguments and this text on stdin.
 *
 * @throws Error when dist is not built
 */
export function hooks(args: readonly string[], input = ''): Outcome {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build makes it`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    input,
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, stdout, stderr };
}
