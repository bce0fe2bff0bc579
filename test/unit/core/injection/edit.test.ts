import { describe, expect, it } from 'vitest';
import { ConfigError, createCatalog, editConfigText, planInjection } from '../../../../src/index.ts';

const catalog = createCatalog([
  {
    path: 'a.json',
    text: '{"version":"1.0.0","hook":{"path":"/x","args":["x","-a"]},"when":{"always":true},"stages":["poststop"]}',
  },
]);
const plan = planInjection(catalog, { annotations: {}, hasBindMounts: false });
const edit = (text: string): string => editConfigText(text, plan);

describe('editConfigText keeps the layout of the document', () => {
  it('on one line without spaces', () => {
    expect(edit('{"a":1,"b":2}')).toBe('{"a":1,"b":2,"hooks":{"poststop":[{"path":"/x","args":["x","-a"]}]}}');
  });

  it('on one line with spaces', () => {
    expect(edit('{"a": 1, "b": 2}')).toBe(
      '{"a": 1, "b": 2, "hooks": {"poststop": [{"path": "/x", "args": ["x", "-a"]}]}}',
    );
  });

  it('indented by tabs, with CRLF', () => {
    const lines = ['{', '\t"a": 1,', '\t"hooks": {', '\t\t"poststop": [', '\t\t\t{"path": "/y"}', '\t\t]', '\t}', '}'];
    expect(edit(lines.join('\r\n'))).toBe(
      lines
        .with(
          4,
          '\t\t\t{"path": "/y"},\r\n\t\t\t{\r\n\t\t\t\t"path": "/x",\r\n\t\t\t\t"args": [\r\n\t\t\t\t\t"x",\r\n\t\t\t\t\t"-a"\r\n\t\t\t\t]\r\n\t\t\t}',
        )
        .join('\r\n'),
    );
  });

  it('indented by two spaces, where hooks are missing, as JSON.stringify would', () => {
    const config = { a: 1, b: { c: [] } };
    const edited = { ...config, hooks: { poststop: [{ path: '/x', args: ['x', '-a'] }] } };
    expect(edit(JSON.stringify(config, null, 2))).toBe(JSON.stringify(edited, null, 2));
    expect(edit(JSON.stringify({ ...config, hooks: {} }, null, 2))).toBe(JSON.stringify(edited, null, 2));
    expect(edit(JSON.stringify({ ...config, hooks: null }, null, 2))).toBe(JSON.stringify(edited, null, 2));
    expect(edit(JSON.stringify({ ...config, hooks: { poststop: [] } }, null, 2))).toBe(JSON.stringify(edited, null, 2));
    expect(edit(JSON.stringify({ ...config, hooks: { poststop: null } }, null, 2))).toBe(
      JSON.stringify(edited, null, 2),
    );
  });

  it('of an empty object', () => {
    expect(JSON.parse(edit('{}'))).toEqual({ hooks: { poststop: [{ path: '/x', args: ['x', '-a'] }] } });
    expect(JSON.parse(edit(' {\n} '))).toEqual({ hooks: { poststop: [{ path: '/x', args: ['x', '-a'] }] } });
  });
});

describe('editConfigText', () => {
  it.each(['[]', '{', '{"hooks":5}', '{"hooks":{"poststop":{}}}', '{"hooks":{},"hooks":{}}'])('refuses %s', (text) => {
    expect(() => edit(text)).toThrow(ConfigError);
  });
});
