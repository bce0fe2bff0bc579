import { describe, expect, it } from 'vitest';
import { parseProperty } from '../../../../src/linux/systemd/property-text.ts';

describe('parseProperty', () => {
  it.each([
    ['SendSIGHUP', 'true', 'b', ['true']],
    ['ManagedOOMMemoryPressure', "'kill'", 's', ['kill']],
    ['CollectMode', '"inactive-or-failed"', 's', ['inactive-or-failed']],
    ['After', '[\'a.service\', "b,c.service"]', 'as', ['2', 'a.service', 'b,c.service']],
    ['After', '[]', 'as', ['0']],
    ['MemoryMax', 'uint64 18446744073709551615', 't', ['18446744073709551615']],
    ['OOMScoreAdjust', '-5', 'i', ['-5']],
    ['Foo', 'int64 -9', 'x', ['-9']],
  ])('reads %s=%s', (name, text, signature, words) => {
    expect(parseProperty(name, text)).toEqual({ name, signature, words });
  });

  it('counts seconds in microseconds', () => {
    expect(parseProperty('TimeoutStopSec', 'uint64 5')).toEqual({
      name: 'TimeoutStopUSec',
      signature: 't',
      words: ['5000000'],
    });
    expect(parseProperty('CPUQuotaPerSecUSec', 'uint64 5')?.name).toBe('CPUQuotaPerSecUSec');
  });

  it.each([
    ['ab', 'true'],
    ['Foo-Bar', 'true'],
    ['Foo', 'kill'],
    ['Foo', "'it's'"],
    ['Foo', 'uint32 4294967296'],
    ['Foo', 'uint64 -1'],
    ['Foo', 'int32 2147483648'],
    ['Foo', "['a', b]"],
    ['Foo', ''],
    ['TimeoutStopSec', '5000'],
  ])('refuses %s=%s', (name, text) => {
    expect(parseProperty(name, text)).toBeUndefined();
  });
});
