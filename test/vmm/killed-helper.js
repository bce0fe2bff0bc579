// Runs the sandbox-overhead helper of dist and kills this process after step N, as `kill -9` would: node killed-helper.js FLAGS N.
// @ts-check
import { placeSandbox } from '../../dist/helpers/sandbox-overhead.js';

const [input = '', step = ''] = process.argv.slice(2);
const { state, flags } = JSON.parse(input);
let done = 0;
await placeSandbox(state, {
  ...flags,
  afterStep: () => {
    done += 1;
    if (done === Number(step)) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(String(done));
