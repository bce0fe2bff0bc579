import { describe, expect, it } from 'vitest';
import { preinstalledBy } from '../../../src/nri/preinstalled.ts';

describe('preinstalledBy', () => {
  const whole = { NRI_PLUGIN_NAME: 'hooks', NRI_PLUGIN_IDX: '10', NRI_PLUGIN_SOCKET: '3' };

  it('knows a runtime by all three variables', () => {
    expect(preinstalledBy(whole)).toEqual({ identity: { name: 'hooks', index: '10' }, descriptor: 3 });
    for (const name of Object.keys(whole)) expect(preinstalledBy({ ...whole, [name]: undefined })).toBeUndefined();
    expect(preinstalledBy({ ...whole, NRI_PLUGIN_SOCKET: '/a' })).toBeUndefined();
  });
});
