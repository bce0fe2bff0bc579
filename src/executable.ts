import { basename } from 'node:path';

// The entry of the single executable: which program it is depends on the name it is started under.
if (basename(process.argv0).startsWith('hooks-runtime')) await import('./runtime-wrapper/main.ts');
else await import('./cli/main.ts');
