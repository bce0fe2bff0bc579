import { describe, expect, it } from 'vitest';
import { metricsText } from '../../../src/nri/metrics.ts';
import { createState, notReadyReasons } from '../../../src/nri/plugin-state.ts';
import { defaultSettings } from '../../../src/nri/settings.ts';

describe('a plugin that has just started', () => {
  it('is not ready, and says why', () => {
    const state = createState(defaultSettings(), 'external', new Date(0));
    expect(notReadyReasons(state)).toEqual([
      'not registered with the runtime at /var/run/nri/nri.sock (connecting)',
      'no good catalog of definitions was loaded yet',
    ]);
  });

  it('escapes the names of definitions in its metrics', () => {
    const state = createState(defaultSettings(), 'external', new Date(0));
    state.counts.injected.set('a"\\\n.json', 2);
    expect(metricsText(state)).toContain('oci_hooks_nri_hooks_injected_total{definition="a\\"\\\\\\n.json"} 2\n');
  });
});
