import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../../src/', import.meta.url));

/** What the package's `imports` lead to in the executable. */
const TWINS: Readonly<Record<string, string>> = {
  '#libc': 'linux/libc/bun.ts',
  '#file-calls': 'linux/file-calls/bun.ts',
};

/** What a module imports as it is loaded, and what that imports, as paths; packages and Node's modules by their names. */
function loadedWith(path: string, seen: Set<string> = new Set()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, name = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm)) {
    const twin = TWINS[name];
    if (twin !== undefined) loadedWith(resolve(SRC, twin), seen);
    else if (name.startsWith('.')) loadedWith(resolve(dirname(path), name), seen);
    else seen.add(name);
  }
  return seen;
}

// Engines wait for it several times a container: node:fs alone would cost them a millisecond each time.
it('loads nothing of Node and no package', () => {
  const loaded = [...loadedWith(resolve(SRC, 'runtime-wrapper/pass-through.ts'))];
  expect(loaded.filter((name) => !name.startsWith('/'))).toEqual(['bun:ffi']);
  expect(loaded).toContain(resolve(SRC, 'linux/process/become-program.ts'));
});
