import { describe, expect, it } from 'vitest';
import { withProgram } from '../../../src/cli/shipped-definitions.ts';

const shipped = (args?: readonly string[]): string =>
  JSON.stringify({ version: '1.0.0', hook: { path: '/usr/bin/hooks', ...(args && { args }), timeout: 5 }, stages: [] });

describe('withProgram', () => {
  it('puts the program for the path and for the name in the arguments', () => {
    const text = withProgram(shipped(['hooks', 'helper', 'devices']), {
      path: '/opt/node',
      args: ['node', '/opt/main.js'],
    });
    expect(JSON.parse(text)).toEqual({
      version: '1.0.0',
      hook: { path: '/opt/node', args: ['node', '/opt/main.js', 'helper', 'devices'], timeout: 5 },
      stages: [],
    });
  });

  it('gives arguments to a definition without any', () => {
    expect(JSON.parse(withProgram(shipped(), { path: '/opt/hooks', args: ['hooks'] }))).toMatchObject({
      hook: { path: '/opt/hooks', args: ['hooks'] },
    });
  });
});
