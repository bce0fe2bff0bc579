import {
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requires, root } from '../../requirement.ts';
import { config, definition, directoryWith, hooks, hooksInShell, json, ROOT, run } from './run.ts';

const files = (): Readonly<Record<string, unknown>> => ({
  'config.json': JSON.stringify(config(), null, 4),
  'd/10.json': definition(),
});
const INJECTED = '/usr/bin/true';
const inject = (cwd: string, ...args: readonly string[]) => hooks(['inject', '--hooks-dir', 'd', ...args], { cwd });
const read = (cwd: string, name = 'config.json') => readFileSync(join(cwd, name), 'utf8');

describe('--in-place', () => {
  it('replaces the file, keeps its mode and owner and leaves nothing beside it', () => {
    const cwd = directoryWith(files());
    const path = join(cwd, 'config.json');
    const isRoot = process.geteuid?.() === 0;
    if (isRoot) chownSync(path, 1234, 4321);
    run(['chmod', '640', path]);
    const before = statSync(path);
    expect(inject(cwd, '--in-place', 'config.json')).toMatchObject({ status: 0, stdout: '' });
    const after = statSync(path);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(read(cwd)).toContain(INJECTED);
    expect(readdirSync(cwd).toSorted()).toEqual(['config.json', 'd']);
  });

  it('does not write when nothing changes', () => {
    const cwd = directoryWith({ ...files(), 'd/10.json': definition({ commands: ['^no$'] }) });
    const before = statSync(join(cwd, 'config.json'), { bigint: true });
    expect(inject(cwd, '--in-place', 'config.json').status).toBe(0);
    const after = statSync(join(cwd, 'config.json'), { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
  });

  it('changes nothing the second time', () => {
    const cwd = directoryWith(files());
    inject(cwd, '--in-place', 'config.json');
    const once = read(cwd);
    expect(inject(cwd, '--in-place', 'config.json').status).toBe(0);
    expect(read(cwd)).toBe(once);
  });

  it.each([
    ['a bad definition', { 'd/20.json': '{' }, 1],
    ['a bad config', { 'config.json': '{"a": 1,}' }, 1],
  ])('leaves the file alone for %s', (_title, more, status) => {
    const cwd = directoryWith({ ...files(), ...more });
    const before = read(cwd);
    expect(inject(cwd, '--in-place', 'config.json').status).toBe(status);
    expect(read(cwd)).toBe(before);
    expect(readdirSync(cwd).toSorted()).toEqual(['config.json', 'd']);
  });
});

describe('--output', () => {
  it('writes the edited config and leaves the input alone', () => {
    const cwd = directoryWith(files());
    const before = read(cwd);
    expect(inject(cwd, '-o', 'new.json', 'config.json')).toMatchObject({ status: 0, stdout: '' });
    expect(read(cwd, 'new.json')).toContain(INJECTED);
    expect(read(cwd)).toBe(before);
  });

  it('over a link replaces what the link leads to', () => {
    const cwd = directoryWith({ ...files(), 'real/new.json': 'old' });
    symlinkSync('real/new.json', join(cwd, 'link'));
    expect(inject(cwd, '-o', 'link', 'config.json').status).toBe(0);
    expect(readlinkSync(join(cwd, 'link'))).toBe('real/new.json');
    expect(read(cwd, 'real/new.json')).toContain(INJECTED);
  });

  it('- is standard output', () => {
    const cwd = directoryWith(files());
    expect(inject(cwd, '-o', '-', 'config.json').stdout).toContain(INJECTED);
    expect(readdirSync(cwd).toSorted()).toEqual(['config.json', 'd']);
  });

  it.each([
    ['a directory', 'd'],
    ['a FIFO', 'fifo'],
    ['in a directory that is not there', 'nowhere/new.json'],
  ])('%s is an error of the system', (_title, target) => {
    const cwd = directoryWith(files());
    run(['mkfifo', join(cwd, 'fifo')]);
    const { status, stderr } = inject(cwd, '-o', target, 'config.json');
    expect(status).toBe(3);
    expect(stderr).toContain('FILE_WRITE');
    expect(readdirSync(cwd).toSorted()).toEqual(['config.json', 'd', 'fifo']);
  });
});

describe('the config', () => {
  it.each([
    ['a directory', 'd'],
    ['a FIFO without a writer', 'fifo'],
    ['a device', '/dev/zero'],
    ['below a file', 'config.json/x'],
  ])('that is %s is an error of the system', (_title, path) => {
    const cwd = directoryWith(files());
    run(['mkfifo', join(cwd, 'fifo')]);
    const { status, stderr } = inject(cwd, path);
    expect(status).toBe(3);
    expect(stderr).toContain('FILE_READ');
  });

  it('that is empty is an error of the input', () => {
    const cwd = directoryWith({ ...files(), 'config.json': '' });
    expect(inject(cwd, 'config.json')).toMatchObject({ status: 1, stdout: '' });
  });

  it('with bytes that are no UTF-8 is an error of the input', () => {
    const cwd = directoryWith(files());
    writeFileSync(join(cwd, 'config.json'), Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
    const { status, stderr } = inject(cwd, 'config.json');
    expect(status).toBe(1);
    expect(stderr).toContain('CONFIG_INVALID_UTF8');
  });
});

describe('--dry-run', () => {
  it.each(['pretty', 'one line', 'no line break at the end', 'CRLF'])('is a diff that patch applies: %s', (layout) => {
    const pretty = JSON.stringify(config({ a: 1, b: 2, c: 3, d: 4 }), null, 2);
    const texts: Readonly<Record<string, string>> = {
      pretty: `${pretty}\n`,
      'one line': `${JSON.stringify(config())}\n`,
      'no line break at the end': pretty,
      CRLF: `${pretty}\n`.replaceAll('\n', '\r\n'),
    };
    const cwd = directoryWith({ ...files(), 'config.json': texts[layout] });
    const wanted = inject(cwd, 'config.json').stdout;
    const { status, stdout } = inject(cwd, '--dry-run', 'config.json');
    expect(status).toBe(0);
    expect(read(cwd)).toBe(texts[layout]);
    expect(run(['patch', '--binary', '-p1'], { cwd, input: stdout })).toMatchObject({ status: 0 });
    expect(read(cwd)).toBe(wanted);
  });

  it('is empty when nothing would change', () => {
    const cwd = directoryWith({ ...files(), 'd/10.json': definition({ commands: ['^no$'] }) });
    expect(inject(cwd, '--dry-run', 'config.json')).toMatchObject({ status: 0, stdout: '' });
  });
});

describe('--report', () => {
  it('writes what was injected', () => {
    const cwd = directoryWith(files());
    expect(inject(cwd, '--in-place', '--report', 'r.json', 'config.json').status).toBe(0);
    expect(JSON.parse(read(cwd, 'r.json'))).toEqual({
      schemaVersion: 1,
      hooks: { createRuntime: [{ definition: '10.json', path: INJECTED }] },
      extension: {},
      skipped: [],
      diagnostics: [],
    });
  });

  it('that cannot be written leaves the config alone', () => {
    const cwd = directoryWith(files());
    const before = read(cwd);
    expect(inject(cwd, '--in-place', '--report', 'nowhere/r.json', 'config.json').status).toBe(3);
    expect(read(cwd)).toBe(before);
  });
});

describe('choices', () => {
  it('--prestart createRuntime moves prestart hooks', () => {
    const cwd = directoryWith({ ...files(), 'd/10.json': definition(undefined, { stages: ['prestart'] }) });
    const hooksOf = (...args: readonly string[]) => json<{ hooks: object }>(inject(cwd, ...args, 'config.json')).hooks;
    expect(hooksOf()).toEqual({ prestart: [{ path: INJECTED }] });
    expect(hooksOf('--prestart', 'createRuntime')).toEqual({ createRuntime: [{ path: INJECTED }] });
  });

  it('--duplicates keep adds an entry again', () => {
    const there = config({ hooks: { createRuntime: [{ path: INJECTED }] } });
    const cwd = directoryWith({ ...files(), 'config.json': there });
    expect(json(inject(cwd, 'config.json'))).toEqual(there);
    expect(json(inject(cwd, '--duplicates', 'keep', 'config.json'))).toMatchObject({
      hooks: { createRuntime: [{ path: INJECTED }, { path: INJECTED }] },
    });
  });

  it('--has-bind-mounts gives the answer', () => {
    const cwd = directoryWith({ ...files(), 'd/10.json': definition({ hasBindMounts: true }) });
    const matches = (rule: string) => inject(cwd, '--has-bind-mounts', rule, 'config.json').stdout.includes(INJECTED);
    expect(['user', 'any', 'true', 'false'].map(matches)).toEqual([false, false, true, false]);
  });

  it('--strict-permissions refuses a definition that others may write', () => {
    const cwd = directoryWith(files());
    run(['chmod', '666', join(cwd, 'd/10.json')]);
    expect(inject(cwd, 'config.json').status).toBe(0);
    const { status, stderr } = inject(cwd, '--strict-permissions', 'config.json');
    expect(status).toBe(1);
    expect(stderr).toContain('PERMISSION_UNSAFE');
  });
});

describe('--runtime', () => {
  const script = (text: string) => `#!/bin/sh\n${text}\n`;
  const warned = (text: string) => {
    const cwd = directoryWith({ ...files(), runtime: script(text) });
    run(['chmod', '755', join(cwd, 'runtime')]);
    return inject(cwd, '--runtime', './runtime', 'config.json');
  };

  it('warns of a stage that the runtime does not run', () => {
    const { status, stderr } = warned(`echo '{"hooks": ["prestart"]}'`);
    expect(status).toBe(0);
    expect(stderr).toContain('RUNTIME_STAGE_UNSUPPORTED');
  });

  it.each(['exit 1', 'echo hello', 'echo []', 'echo \'{"hooks": 1}\'', 'kill -9 $$'])(
    'that answers with `%s` is an error of the system, before anything is written',
    (text) => {
      const { status, stdout, stderr } = warned(text);
      expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
      expect(stderr).toContain('RUNTIME_FEATURES');
    },
  );

  requires(['runc'], () => {
    it('asks runc', () => {
      const cwd = directoryWith(files());
      const { status, stderr } = inject(cwd, '--runtime', '/usr/sbin/runc', 'config.json');
      expect({ status, isWarned: stderr.includes('RUNTIME_STAGE') }).toEqual({ status: 0, isWarned: false });
    });
  });
});

requires([root, 'mount', 'unshare'], () => {
  it('a full disk leaves the file and its directory as they were', () => {
    const cwd = directoryWith({ ...files(), 'small/x': '' });
    const text = JSON.stringify(config({ padding: 'x'.repeat(30_000) }));
    writeFileSync(join(cwd, 'big.json'), text);
    const script = [
      'mount -t tmpfs -o size=64k tmpfs small && cp big.json small/config.json',
      'head -c 20000 /dev/zero > small/filler',
      '"$@"; echo "status $?"',
      'cmp big.json small/config.json && ls -A small',
    ].join('\n');
    const inner = ['inject', '--hooks-dir', 'd', '--in-place', 'small/config.json'];
    const { stdout, stderr } = hooksInShell(`unshare --mount bash -c '${script}' bash "$@"`, inner, { cwd });
    expect(stderr).toContain('ENOSPC');
    expect(stdout).toBe('status 3\nconfig.json\nfiller\n');
  });

  it('a file system that is read-only is an error of the system', () => {
    const cwd = directoryWith({ ...files(), 'small/x': '' });
    const script = 'mount -t tmpfs tmpfs small && cp config.json small && mount -o remount,ro small && "$@"';
    const inner = ['inject', '--hooks-dir', 'd', '--in-place', 'small/config.json'];
    const { status, stderr } = hooksInShell(`unshare --mount bash -c '${script}' bash "$@"`, inner, { cwd });
    expect(status).toBe(3);
    expect(stderr).toContain('EROFS');
  });

  it('a directory that may not be written is one for an ordinary user', () => {
    const cwd = directoryWith(files());
    run(['chmod', '755', cwd]);
    const command = 'exec setpriv --reuid 65534 --clear-groups "$@"';
    const { status, stderr } = hooksInShell(command, ['inject', '--hooks-dir', 'd', '--in-place', 'config.json'], {
      cwd,
    });
    expect(status).toBe(3);
    expect(stderr).toContain('EACCES');
    expect(lstatSync(join(cwd, 'config.json')).uid).toBe(0);
  });
});

describe('real configs', () => {
  const configs = join(ROOT, 'examples/configs');

  it.each(readdirSync(configs))('%s is injected, and explained', (name) => {
    const cwd = directoryWith(files());
    mkdirSync(join(cwd, 'bundle'));
    const injected = inject(cwd, '--quiet', join(configs, name));
    expect(injected).toMatchObject({ status: 0, stderr: '' });
    const { hooks: before, ...rest } = JSON.parse(readFileSync(join(configs, name), 'utf8'));
    const after = json<{ hooks: Record<string, unknown[]> }>(injected);
    expect(after).toMatchObject(rest);
    expect(after.hooks['createRuntime']?.at(-1)).toEqual({ path: INJECTED });
    expect(after.hooks['createRuntime']).toHaveLength((before?.createRuntime?.length ?? 0) + 1);
  });
});
