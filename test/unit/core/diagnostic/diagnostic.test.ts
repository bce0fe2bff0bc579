import { describe, expect, it } from 'vitest';
import { error, hasErrors, inFileOrder, warning } from '../../../../src/core/diagnostic/diagnostic.ts';
import { ConfigError, DefinitionError } from '../../../../src/core/diagnostic/input-error.ts';
import { errnoOf, SystemError } from '../../../../src/core/diagnostic/system-error.ts';

const at = (offset: number) => ({ line: 1, column: offset + 1, offset });

describe('error and warning', () => {
  it('leave out what is not known', () => {
    expect(warning('STAGES_EMPTY', { path: 'a', at: undefined, hint: undefined, pointer: undefined }, {})).toEqual({
      code: 'STAGES_EMPTY',
      severity: 'warning',
      path: 'a',
      args: {},
    });
  });
});

describe('hasErrors', () => {
  it('is false for warnings alone', () => {
    expect(hasErrors([warning('STAGES_EMPTY', { path: 'a' }, {})])).toBe(false);
    expect(hasErrors([warning('STAGES_EMPTY', { path: 'a' }, {}), error('HOOK_PATH_EMPTY', { path: 'a' }, {})])).toBe(
      true,
    );
  });
});

describe('inFileOrder', () => {
  it('keeps the files in order and sorts within each by place', () => {
    const findings = [
      warning('STAGES_EMPTY', { path: 'b', at: at(5) }, {}),
      warning('HOOK_PATH_EMPTY', { path: 'a', at: at(1) }, {}),
      warning('VERSION_MISSING', { path: 'b', at: at(2) }, {}),
    ];
    expect(inFileOrder(findings).map(({ code }) => code)).toEqual([
      'VERSION_MISSING',
      'STAGES_EMPTY',
      'HOOK_PATH_EMPTY',
    ]);
  });
});

describe.each([DefinitionError, ConfigError])('%o', (InputError) => {
  it('has the code of the first error, all findings, and the errors in its message', () => {
    const findings = [
      warning('STAGES_EMPTY', { path: 'a' }, {}),
      error('HOOK_PATH_EMPTY', { path: 'a' }, {}),
      error('VERSION_MISSING', { path: 'a' }, {}),
    ];
    const problem = new InputError(findings);
    expect(problem.code).toBe('HOOK_PATH_EMPTY');
    expect(problem.diagnostics).toEqual(findings);
    expect(problem.message).toMatch(/HOOK_PATH_EMPTY[\s\S]*VERSION_MISSING/);
    expect(problem.message).not.toContain('STAGES_EMPTY');
  });
});

describe('SystemError', () => {
  it('puts its values into its sentence and keeps the cause', () => {
    const cause = new Error('x');
    const problem = new SystemError('FILE_READ', { path: '/a', reason: 'EACCES' }, { cause });
    expect([problem.message, problem.code, problem.cause]).toEqual(['cannot read /a: EACCES', 'FILE_READ', cause]);
  });
});

describe('errnoOf', () => {
  it('gives the name of the errno, and nothing for other errors', () => {
    expect(errnoOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT');
    expect(errnoOf(Object.assign(new Error('x'), { code: 2 }))).toBeUndefined();
    expect(errnoOf('ENOENT')).toBeUndefined();
  });
});
