import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/nri/log.ts';
import { temporaryDirectory } from '../host/temporary-directory.ts';

describe('the log', () => {
  it('writes lines in order, and says how many it dropped', async () => {
    const path = join(temporaryDirectory(), 'log');
    const descriptor = openSync(path, 'w');
    const { log, flush } = createLog(descriptor, () => new Date(0));
    const long = 'x'.repeat(600_000);
    log('info', 'a', long);
    log('info', 'b', long);
    await flush(5000);
    log('warning', 'c', 'short', { n: 1 });
    log('info', 'd', 'none is lost now');
    await flush(5000);
    closeSync(descriptor);
    const lines = readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ event }) => event)).toEqual(['a', 'c', 'd']);
    expect(lines[2]).not.toHaveProperty('droppedLines');
    expect(lines[1]).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'warning',
      event: 'c',
      message: 'short',
      n: 1,
      droppedLines: 1,
    });
  });
});
