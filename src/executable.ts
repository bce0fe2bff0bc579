import { passThrough } from './runtime-wrapper/pass-through.ts';

// The entry of the single executable: which program it is depends on the name it is started under, or on who starts it.
const name = process.argv0.slice(process.argv0.lastIndexOf('/') + 1);
if (name.startsWith('hooks-runtime')) {
  // Engines wait for every call, and most go straight through: all that those need is in this file.
  const given = passThrough();
  const { answerCall } = await import('./runtime-wrapper/answer-call.ts');
  await answerCall(given);
} else {
  // A runtime starts what lies in its plugin directory, under any name, with no arguments and these in the environment.
  const isNriPlugin = process.argv.length <= 2 && process.env['NRI_PLUGIN_SOCKET'] && process.env['NRI_PLUGIN_IDX'];
  if (isNriPlugin) process.argv.push('nri');
  await import('./cli/main.ts');
}
