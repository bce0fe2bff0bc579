import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InjectCase } from './generate/inject-case.ts';
import { fileBytes } from './generate/json-text.ts';

/** Writes a case's directories beneath `base`, and gives their paths; one that is to be missing gets a path only. */
export function writeCase(base: string, { directories }: InjectCase): readonly string[] {
  return directories.map((entries, index) => {
    const directory = join(base, `${index}.d`);
    if (!entries) return directory;
    mkdirSync(directory, { recursive: true });
    for (const [name, entry] of Object.entries(entries)) {
      const path = join(directory, name);
      if (entry.kind === 'text') writeFileSync(path, fileBytes(entry.text));
      else if (entry.kind === 'link') symlinkSync(entry.target, path);
      else mkdirSync(path);
    }
    return directory;
  });
}
