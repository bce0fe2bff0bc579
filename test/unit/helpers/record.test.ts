import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRecord, removeRecord, writeRecord } from '../../../src/helpers/record.ts';

const STATE = { id: 'c1', status: 'created', pid: 1, bundle: '/b', annotations: {} };
const RECORD = { directories: [{ mountPoint: '/m', path: '/a/init', device: 1, inode: 2 }] };

describe('records of helpers', () => {
  let temporary: string;
  let root: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'hooks-record-'));
    root = join(temporary, 'oci-hooks');
  });
  afterEach(() => {
    rmSync(temporary, { recursive: true });
  });

  it('are read back, and gone with their directory when removed', () => {
    writeRecord(STATE, 'delegate', RECORD, root);
    expect(readRecord(STATE, 'delegate', root)).toMatchObject(RECORD);
    removeRecord(STATE, 'delegate', root);
    expect(readRecord(STATE, 'delegate', root)).toBeUndefined();
    expect(readdirSync(root)).toEqual([]);
  });

  it('are gone with what a killed helper left half written', () => {
    writeRecord(STATE, 'delegate', RECORD, root);
    const [directory = ''] = readdirSync(root);
    writeFileSync(join(root, directory, '.delegate.json.4711-x.tmp'), '{');
    removeRecord(STATE, 'delegate', root);
    expect(readdirSync(root)).toEqual([]);
  });

  it('are gone without those of another helper', () => {
    writeRecord(STATE, 'delegate', RECORD, root);
    writeRecord(STATE, 'psi', RECORD, root);
    removeRecord(STATE, 'delegate', root);
    expect(readRecord(STATE, 'psi', root)).toMatchObject(RECORD);
  });

  it('are for their owner alone', () => {
    writeRecord(STATE, 'delegate', RECORD, root);
    const [directory = ''] = readdirSync(root);
    expect(statSync(root).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, directory)).mode & 0o777).toBe(0o700);
    expect(statSync(join(root, directory, 'delegate.json')).mode & 0o777).toBe(0o600);
  });

  it('keep containers of one id apart by their bundle', () => {
    writeRecord(STATE, 'delegate', RECORD, root);
    expect(readRecord({ ...STATE, bundle: '/other' }, 'delegate', root)).toBeUndefined();
  });

  it('have room for the longest id', () => {
    const long = { ...STATE, id: 'x'.repeat(1024) };
    writeRecord(long, 'delegate', RECORD, root);
    expect(readRecord({ ...STATE, id: `${'x'.repeat(1023)}y` }, 'delegate', root)).toBeUndefined();
    expect(readRecord(long, 'delegate', root)).toMatchObject(RECORD);
  });

  it.each([
    'null',
    '[]',
    '{}',
    '{"schemaVersion":2,"directories":[]}',
    '{"schemaVersion":1,"directories":{}}',
    '{"schemaVersion":1,"directories":[{"mountPoint":"/m","path":"a","device":1,"inode":1}]}',
    '{"schemaVersion":1,"directories":[],"intended":[1]}',
    '{"schemaVersion":1,"direc',
    'root:secret:1:2',
  ])('are refused by name, and not repeated, when broken: %s', (text) => {
    for (const verb of ['compat-dir', 'sandbox-overhead']) {
      writeRecord(STATE, verb, RECORD, root);
      const [directory = ''] = readdirSync(root);
      writeFileSync(join(root, directory, `${verb}.json`), text);
      const args = { path: join(root, directory, `${verb}.json`), reason: expect.not.stringContaining('secret') };
      expect(() => readRecord(STATE, verb, root)).toThrow(expect.objectContaining({ code: 'RECORD', args }));
    }
  });

  it('are not read through a link, and one of sandbox-overhead has all that it needs', () => {
    writeRecord(STATE, 'sandbox-overhead', RECORD, root);
    expect(() => readRecord(STATE, 'sandbox-overhead', root)).toThrow(expect.objectContaining({ code: 'RECORD' }));
    writeRecord(STATE, 'delegate', RECORD, root);
    const [directory = ''] = readdirSync(root);
    symlinkSync('delegate.json', join(root, directory, 'psi.json'));
    expect(() => readRecord(STATE, 'psi', root)).toThrow(expect.objectContaining({ code: 'RECORD' }));
  });

  it('are not believed where others could write', () => {
    writeRecord(STATE, 'delegate', RECORD, root);
    chmodSync(root, 0o777);
    expect(() => readRecord(STATE, 'delegate', root)).toThrow(expect.objectContaining({ code: 'RECORD' }));
    rmSync(root, { recursive: true });
    symlinkSync(temporary, root);
    expect(() => writeRecord(STATE, 'delegate', RECORD, root)).toThrow(expect.objectContaining({ code: 'RECORD' }));
  });
});
