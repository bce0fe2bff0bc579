import { describe, expect, it } from 'vitest';
import { renderLine } from '../../../src/runtime-wrapper/engine-log.ts';
import { journalMessage, writeToJournal } from '../../../src/runtime-wrapper/journal.ts';

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
