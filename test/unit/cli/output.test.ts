import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Style, styled } from '../../../src/cli/output.ts';

describe('styled', () => {
  // Neither a terminal nor told to be one; styleText asks for nothing else of a stream.
  const pipe = new PassThrough() as unknown as NodeJS.WriteStream;

  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each<{ styles: readonly Style[] }>([{ styles: ['red'] }, { styles: ['red', 'bold'] }])(
    'adds no colour where no terminal is: $styles',
    ({ styles }) => {
      vi.stubEnv('FORCE_COLOR', undefined);
      expect(styled(styles, 'text', pipe)).toBe('text');
    },
  );

  it('combines the styles of a list', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    vi.stubEnv('NO_COLOR', undefined);
    expect(styled(['red', 'bold'], 'text', pipe)).toBe('\u001b[31m\u001b[1mtext\u001b[22m\u001b[39m');
  });
});
