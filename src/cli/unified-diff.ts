import { createTwoFilesPatch } from 'diff';
import { escapeControls } from '../core/diagnostic/quote.ts';
import { styled } from './output.ts';

/**
 * Gives the change of a config as a unified diff with three lines of context; empty for none. Into a file or a pipe it is
 * exact, so that `patch` takes it; a terminal gets colours, and no character of the config that it would obey.
 */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return '';
  const name = path === '-' ? 'config.json' : escapeControls(path.replace(/^\/+/, ''));
  const patch = createTwoFilesPatch(`a/${name}`, `b/${name}`, before, after, undefined, undefined, { context: 3 });
  // The package writes a line of `=` first, which is Subversion's; git and patch do without.
  const lines = patch.split('\n').filter((line, index) => index > 0 || !line.startsWith('==='));
  const shown = process.stdout.isTTY ? lines.map((line) => escapeControls(line.replace(/\r$/, ''))) : lines;
  return shown.map(coloured).join('\n');
}

function coloured(line: string): string {
  if (line.startsWith('+++') || line.startsWith('---')) return styled(['bold'], line, process.stdout);
  if (line.startsWith('@@')) return styled(['cyan'], line, process.stdout);
  if (line.startsWith('+')) return styled(['green'], line, process.stdout);
  return line.startsWith('-') ? styled(['red'], line, process.stdout) : line;
}
