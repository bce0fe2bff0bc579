import { describe, expect, it } from 'vitest';
import { isStage, STAGES } from '../../../../src/core/oci/stage.ts';

describe('isStage', () => {
  it('accepts each of the six stages', () => {
    expect(STAGES.filter(isStage)).toEqual([
      'prestart',
      'createRuntime',
      'createContainer',
      'startContainer',
      'poststart',
      'poststop',
    ]);
  });

  it('refuses a stage in another letter case', () => {
    expect(isStage('preStart')).toBe(false);
  });
});
