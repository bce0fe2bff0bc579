import { passThrough } from './runtime-wrapper/pass-through.ts';

// The entry of the single executable: which program it is depends on the name it is started under.
const name = process.argv0.slice(process.argv0.lastIndexOf('/') + 1);
if (name.startsWith('hooks-runtime')) {
  // Engines wait for every call, and most go straight through: all that those need is in this file.
  const given = passThrough();
  const { answerCall } = await import('./runtime-wrapper/answer-call.ts');
  await answerCall(given);
} else await import('./cli/main.ts');
