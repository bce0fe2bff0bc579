import { createTwoFilesPatch } from 'diff';
import { styled } from './output.ts';

/** Gives the change of a config as a unified diff with three lines of context, coloured for a terminal; empty for none. */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return '';
  const name = path === '-' ? 'config.json' : path.replace(/^\/+/, '');
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, undefined, undefined, { context: 3 });
  // The package writes a line of `=` first, which is Subversion's; git and patch do without.
  const lines = patch.split('\n').filter((line, index) => index > 0 || !line.startsWith('==='));
  return lines.map(coloured).join('\n');
}

function coloured(line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) return styled('bold', line, process.stdout);
  if (line.startsWith('@@')) return styled('cyan', line, process.stdout);
  if (line.startsWith('+')) return styled('green', line, process.stdout);
  return line.startsWith('-') ? styled('red', line, process.stdout) : line;
}
