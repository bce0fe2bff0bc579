import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, run } from './cli/run.ts';

describe('the generated messages', () => {
  it('are made from the .proto files as they are now', () => {
    const { status, stderr } = run([process.execPath, join(ROOT, 'scripts/generate-messages.js'), '--check']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
