import { describe, expect, it } from 'vitest';
import { settingsFrom, settingsFromText } from '../../../src/nri/settings.ts';

describe('settingsFrom', () => {
  it('looks for the usual directories beneath the root of the host, and for named ones where they are named', () => {
    expect(settingsFrom([{ hostRoot: '/host' }]).hooksDirs).toEqual([
      '/host/usr/share/containers/oci/hooks.d',
      '/host/etc/containers/oci/hooks.d',
    ]);
    expect(settingsFrom([{ hooksDirs: ['/a'] }, { hostRoot: '/host' }]).hooksDirs).toEqual(['/a']);
  });
});

describe('the settings', () => {
  it('are empty for an empty text, and keep what is given', async () => {
    expect(await settingsFromText('x', '')).toEqual({});
    expect(await settingsFromText('x', 'onError: skip\nexempt: {namespaces: [a]}\n')).toEqual({
      onError: 'skip',
      exempt: { namespaces: ['a'] },
    });
  });

  it.each([
    ['index: 7\n', '/index'],
    ['index: "7"\n', '/index'],
    ['name: a b\n', '/name'],
    ['hooksDirs: [a]\n', '/hooksDirs/0'],
    ['exempt: {namespace: [a]}\n', '/exempt'],
    ['onEror: skip\n', ''],
  ])('%j is refused at %j', async (text, pointer) => {
    await expect(settingsFromText('x', text)).rejects.toMatchObject({
      diagnostics: [{ code: 'SETTING_VALUE', pointer }],
    });
  });
});
