import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { LONGEST_MESSAGE, renderLine, tellEngine } from '../../../src/runtime-wrapper/engine-log.ts';
import { journalMessage, writeToJournal } from '../../../src/runtime-wrapper/journal.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

const NOW = new Date('2026-01-02T03:04:05.678Z');

const RECORD = {
  time: NOW.toISOString(),
  level: 'warning',
  message: 'two\nlines',
  id: 'c1',
  bundle: '/b',
  command: 'create',
  program: 'hooks-runtime',
  injected: 0,
  matched: [],
  missed: [],
  unrecorded: [],
  milliseconds: 1,
} as const;

describe('renderLine', () => {
  it('is one line of JSON as logrus writes it', () => {
    const line = renderLine('json', 'error', 'no "hooks"\nfound', NOW);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual({ level: 'error', msg: 'no "hooks"\nfound', time: '2026-01-02T03:04:05.678Z' });
  });

  it('is one line of text as logrus writes it', () => {
    expect(renderLine('text', 'error', 'no "hooks"\nfound', NOW)).toBe(
      'time="2026-01-02T03:04:05.678Z" level=error msg="no \\"hooks\\"\\nfound"\n',
    );
  });
});

describe('tellEngine', () => {
  let directory: string;
  beforeEach(() => {
    directory = temporaryDirectory();
  });

  function tell(log: string, message = 'why'): void {
    tellEngine({ log, logFormat: 'json' }, 'error', message, NOW);
  }

  it('appends to what is there, through a link as the runtime does', () => {
    writeFileSync(join(directory, 'log'), 'before\n');
    symlinkSync('log', join(directory, 'link'));
    tell(join(directory, 'link'));
    const [first = '', second = ''] = readFileSync(join(directory, 'log'), 'utf8').split('\n');
    expect([first, JSON.parse(second)]).toEqual(['before', expect.objectContaining({ msg: 'hooks-runtime: why' })]);
  });

  it('makes a file that only its owner may write', () => {
    tell(join(directory, 'log'));
    expect(statSync(join(directory, 'log')).mode & 0o022).toBe(0);
  });

  it('cuts a long message', () => {
    tell(join(directory, 'log'), 'x'.repeat(1 << 20));
    expect(statSync(join(directory, 'log')).size).toBeLessThan(LONGEST_MESSAGE + 200);
  });

  it.each([
    ['a FIFO that nobody reads', (path: string) => spawnSync('mkfifo', [path])],
    ['a directory', (path: string) => mkdirSync(path)],
    ['a link to itself', (path: string) => symlinkSync('log', path)],
  ])('does not wait for, nor fail on %s', (_what, make) => {
    const path = join(directory, 'log');
    make(path);
    expect(() => tell(path)).not.toThrow();
  });

  it.each([
    ['a name of more bytes than there may be', 'x'.repeat(300)],
    ['a path of more bytes than there may be', 'x/'.repeat(4000)],
    ['a directory that is not there', 'no/log'],
    ['a path that was no UTF-8', 'log\ufffd'],
  ])('makes nothing for %s', (_what, name) => {
    expect(() => tell(join(directory, name))).not.toThrow();
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('journalMessage', () => {
  it('gives one-line fields as text and longer ones with their length', () => {
    const message = journalMessage(RECORD);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(13n);
    expect(message.subarray(0, 8 + 8 + 14)).toEqual(
      Buffer.concat([Buffer.from('MESSAGE\n'), length, Buffer.from('c1: two\nlines\n')]),
    );
    expect(message.toString()).toContain('\nPRIORITY=4\nSYSLOG_IDENTIFIER=hooks-runtime\nCONTAINER_ID_FULL=c1\n');
  });
});

describe('writeToJournal', () => {
  it('says so when nobody listens', () => {
    expect(() => writeToJournal(RECORD, '/nowhere/socket')).toThrow(expect.objectContaining({ code: 'FILE_WRITE' }));
  });
});
