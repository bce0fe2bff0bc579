import { describe, expect, it } from 'vitest';
import { escapeControls, quote } from '../../../../src/core/diagnostic/quote.ts';

describe('quote', () => {
  it('writes control characters, direction overrides and half surrogates as escapes', () => {
    expect(quote('a\u001b[2J\u0085\u202e\n')).toBe('"a\\u001b[2J\\u0085\\u202e\\n"');
    expect(quote('\ud800')).toBe('"\ufffd"');
  });

  it('shortens a long text in the middle', () => {
    const quoted = quote(`start${'x'.repeat(10_000)}end`);
    expect(quoted.length).toBeLessThan(170);
    expect(quoted).toMatch(/^"start.* … .*end"$/);
  });
});

describe('escapeControls', () => {
  it('leaves what can be read as it is', () => {
    expect(escapeControls('/etc/é 😀"\\')).toBe('/etc/é 😀"\\');
  });
});
