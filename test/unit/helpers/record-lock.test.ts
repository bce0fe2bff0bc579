import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeRecordDirectory, recordDirectory, removeRecord, writeRecord } from '../../../src/helpers/record.ts';
import { withExistingRecordLock, withRecordLock } from '../../../src/helpers/record-lock.ts';

const KEY = { id: 'c1', bundle: '/b' };
const WAIT = { everyMs: 1, forMs: 10_000 };

describe('the lock of a container', () => {
  let temporary: string;
  let root: string;
  beforeEach(() => {
    temporary = mkdtempSync(join(tmpdir(), 'hooks-lock-'));
    root = join(temporary, 'oci-hooks');
  });
  afterEach(() => {
    rmSync(temporary, { recursive: true });
  });

  it('lets one deed run at a time, also when each removes the record, and leaves nothing', async () => {
    let inside = 0;
    let most = 0;
    const deed = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      writeRecord(KEY, 'delegate', { directories: [] }, root);
      await new Promise(setImmediate);
      removeRecord(KEY, 'delegate', root);
      await new Promise(setImmediate);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 8 }, () => withRecordLock(KEY, deed, root, WAIT)));
    expect(most).toBe(1);
    expect(readdirSync(root)).toEqual([]);
  });

  it('stays with its holder when another helper forgets its record meanwhile', async () => {
    await withRecordLock(
      KEY,
      async () => {
        removeRecord(KEY, 'psi', root);
        const late = withRecordLock(KEY, () => 'late', root, { everyMs: 1, forMs: 5 });
        await expect(late).rejects.toMatchObject({ code: 'RECORD' });
      },
      root,
      WAIT,
    );
  });

  it('is kept from nobody by the file of a helper that was killed', async () => {
    makeRecordDirectory(KEY, root);
    writeFileSync(join(recordDirectory(KEY, root), 'lock'), '');
    expect(await withRecordLock(KEY, () => 'done', root, WAIT)).toBe('done');
    expect(readdirSync(root)).toEqual([]);
  });

  it('follows no link', async () => {
    makeRecordDirectory(KEY, root);
    symlinkSync(join(temporary, 'elsewhere'), join(recordDirectory(KEY, root), 'lock'));
    await expect(withRecordLock(KEY, () => 'done', root, WAIT)).rejects.toMatchObject({ code: 'RECORD' });
    expect(readdirSync(temporary)).toEqual(['oci-hooks']);
  });

  it('is not taken where there is nothing on record, if that is asked', async () => {
    expect(await withExistingRecordLock(recordDirectory(KEY, root), () => 'done', WAIT)).toBeUndefined();
    expect(readdirSync(temporary)).toEqual([]);
  });
});
