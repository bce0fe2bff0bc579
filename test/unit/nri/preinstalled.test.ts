import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { handedOverPlace, preinstalledBy } from '../../../src/nri/preinstalled.ts';

describe('preinstalledBy', () => {
  const whole = { NRI_PLUGIN_NAME: 'hooks', NRI_PLUGIN_IDX: '10', NRI_PLUGIN_SOCKET: '3' };

  it('knows a runtime by all three variables', () => {
    expect(preinstalledBy(whole)).toEqual({ identity: { name: 'hooks', index: '10' }, descriptor: 3 });
    for (const name of Object.keys(whole)) expect(preinstalledBy({ ...whole, [name]: undefined })).toBeUndefined();
    expect(preinstalledBy({ ...whole, NRI_PLUGIN_SOCKET: '/a' })).toBeUndefined();
  });
});

describe('handedOverPlace', () => {
  it('is the file that holds the text, and else names both', () => {
    const directory = mkdtempSync('/tmp/hooks-conf-');
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const identity = { index: '07', name: 'own' };
    writeFileSync(join(directory, 'own.conf'), 'a: 1\n');
    expect(handedOverPlace(identity, 'a: 1\n', directory)).toBe(join(directory, 'own.conf'));
    writeFileSync(join(directory, '07-own.conf'), 'a: 1\n');
    expect(handedOverPlace(identity, 'a: 1\n', directory)).toBe(join(directory, '07-own.conf'));
    expect(handedOverPlace(identity, 'a: 2\n', directory)).toBe(`${join(directory, '07-own.conf')}, else own.conf`);
  });
});
