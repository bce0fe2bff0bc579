import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { bareBundle, script, type WrapperPlace, wrapperPlace } from './wrapper.ts';

// What a process is born with, as the kernel tells it. The shell itself reads the signals: it blocks them while it starts
// another program. The environment is /proc's: the bytes that execve(2) was given.
const FACTS = `
while read -r key value; do
  case $key in SigBlk: | SigIgn: | SigCgt: | NoNewPrivs: | Umask: | THP_enabled: | Seccomp:) echo "$key $value" ;; esac
done < /proc/$$/status
cat /proc/$$/limits
for fd in /proc/$$/fd/*; do printf '%s %s\\n' "\${fd##*/}" "$(readlink "$fd")"; done
tr '\\0' '\\n' < /proc/$$/environ
tr '\\0' '\\n' < /proc/$$/cmdline
pwd
`;

// A caller with everything odd: a soft limit, an ignored signal, descriptors high and low, an umask, bytes that are no
// UTF-8, a variable that only Bun knows. The subshell stays, so that it is the parent.
const CALLER = `
umask 027
ulimit -Sn 300
trap '' HUP
exec 3< /dev/null 5< /dev/zero 7< /tmp
cd "$WORK/bundle"
born() { env -i BUN_DEBUG=x "ODD=$(printf '\\377')" OCI_HOOKS_CONFIG="$OCI_HOOKS_CONFIG" LAST= "$@" "$(printf '\\376')" < /dev/null; }
born "$RUNTIME" "$@"
echo ==
born $WRAPPER "$@"
true
`;

/** What a runtime is born with, called by itself and through a wrapper, by one and the same caller. */
function born(place: WrapperPlace, runtime: string, wrapper: string, args: readonly string[]): [string, string] {
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', CALLER, 'bash', ...args], {
    env: { ...place.environment, WORK: place.work, RUNTIME: runtime, WRAPPER: wrapper },
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  expect(stderr).toBe('');
  const [bare = '', wrapped = ''] = stdout.replace(/pipe:\[\d+\]/g, 'pipe').split('==\n');
  return [bare, wrapped];
}

describe('the wrapper', () => {
  it.each([
    ['a command that reads nothing', ['state', 'c1']],
    ['create, after hooks were injected', ['create', '--bundle', 'bundle', '--pid-file', 'p', 'c1']],
  ])('leaves no trace in the runtime: %s', (_what, args) => {
    const place = wrapperPlace();
    const runtime = script(place, 'real', FACTS);
    place.configure({ runtime });
    place.define('10.json', { hook: { path: '/bin/true' } });
    bareBundle(place, 'bundle');
    bareBundle(place, 'bundle/bundle');
    const [bare, wrapped] = born(place, runtime, place.program, args);
    expect(bare).toContain('Max open files            300 ');
    expect(bare).toContain('SigIgn: 0000000000000001');
    expect(bare).toContain('\n7 /tmp\n');
    expect(wrapped).toBe(bare);
  });

  it('leaves no trace under Node either, but that no signal stays ignored or blocked', () => {
    const place = wrapperPlace();
    const runtime = script(place, 'real', FACTS);
    place.configure({ runtime });
    bareBundle(place, 'bundle');
    const main = fileURLToPath(new URL('../../../dist/runtime-wrapper/main.js', import.meta.url));
    const [bare, wrapped] = born(place, runtime, `${process.execPath} ${main}`, ['state', 'c1']);
    expect(wrapped).toBe(bare.replace(/(Sig(Ign|Blk): )[0-9a-f]+/g, '$10000000000000000'));
  });

  it('is the same process as the runtime', () => {
    const place = wrapperPlace();
    place.configure({ runtime: script(place, 'real', 'echo $$') });
    const { stdout, pid } = spawnSync(place.program, ['state', 'c1'], { env: place.environment, encoding: 'utf8' });
    expect(Number(stdout)).toBe(pid);
  });

  it('gives back the exit status of the runtime, and the signal that ended it', () => {
    const place = wrapperPlace();
    place.configure({ runtime: script(place, 'real', '[ "$1" = kill ] && kill -TERM $$; exit 7') });
    const { status } = place.run(['state', 'c1']);
    const { signal } = spawnSync(place.program, ['kill', 'c1'], { env: place.environment });
    expect([status, signal]).toEqual([7, 'SIGTERM']);
  });

  it('does not read what a bundle holds for our own runtime', () => {
    const place = wrapperPlace();
    place.configure({ runtime: script(place, 'real', 'echo "$EVIL"') });
    const bundle = bareBundle(place, 'bundle');
    for (const [name, text] of [
      ['bunfig.toml', 'preload = ["./evil.js"]\n'],
      ['.env', 'EVIL=1\n'],
      ['evil.js', 'console.log("evil")\n'],
      ['tsconfig.json', '{"compilerOptions":{"paths":{"*":["./evil.js"]}}}'],
      ['package.json', '{"type":"module","imports":{"#libc":"./evil.js"}}'],
    ] as const) {
      script(place, `bundle/${name}`, '');
      spawnSync('sh', ['-c', 'printf %s "$2" > "$1"', 'sh', `${bundle}/${name}`, text]);
    }
    expect(place.run(['create', 'c1'], { cwd: bundle })).toEqual({ status: 0, stdout: '\n', stderr: '' });
  });
});
