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
    ['metrics: 0.0.0.0:9464\n', '/metrics'],
    [`metrics: unix:/${'m'.repeat(90)}\n`, '/metrics'],
    [`status: /${'s'.repeat(90)}\n`, '/status'],
  ])('%j is refused at %j', async (text, pointer) => {
    await expect(settingsFromText('x', text)).rejects.toMatchObject({
      diagnostics: [{ code: 'SETTING_VALUE', pointer }],
    });
  });

  it.each([
    ['index: 10\n', '10'],
    ['index: 7\n', '07'],
    ['exempt: {namespace: [a]}\n', 'namespaces'],
    ['onEror: skip\n', 'onError'],
  ])('%j: advice is %j', async (text, hint) => {
    await expect(settingsFromText('x', text)).rejects.toMatchObject({ diagnostics: [{ hint }] });
  });

  it('names mistakes in the order of their lines, each with its place', async () => {
    await expect(
      settingsFromText('x', 'metrics: 0.0.0.0:1\nhooksDirs: /a\nunknown: 1\nindex: "7"\n'),
    ).rejects.toMatchObject({
      diagnostics: [
        { pointer: '/metrics', at: { line: 1, column: 10 } },
        { pointer: '/hooksDirs', at: { line: 2 }, args: { problem: expect.stringContaining('a list') } },
        { pointer: '', at: { line: 3 } },
        { pointer: '/index', at: { line: 4 } },
      ],
    });
  });
});
