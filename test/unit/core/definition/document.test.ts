import { describe, expect, it } from 'vitest';
import { foldKey, locateIn, pointerOf } from '../../../../src/core/definition/document.ts';
import { readJson } from '../../../../src/core/definition/json.ts';
import { readYaml } from '../../../../src/core/definition/yaml.ts';

const JSON_TEXT = '{"a": [1, {"b": 2}], "A": 3, "c": {"d": 4}, "c": {"e": 5}}';
const YAML_TEXT = 'a:\n  - &x 1\n  - b: *x\nA: 3\n';

const columnIn = (path: readonly (string | number)[], part?: 'key'): number | undefined => {
  const root = readJson('a.json', JSON_TEXT).value?.root;
  return root && locateIn(root)(path, part).column;
};

describe('locateIn', () => {
  it.each([
    [['a', 0], 8],
    [['a', 1, 'b'], 17],
    [['A'], 27],
    [['c'], 50],
    [['c', 'e'], 56],
    [['a', 7], 7],
    [['a', 1, 'missing'], 11],
    [['nothing', 'below'], 1],
  ])('places %j at column %d, or at the nearest value around it', (path, column) => {
    expect(columnIn(path)).toBe(column);
  });

  it('places a key before its value', () => {
    expect(columnIn(['a', 1, 'b'], 'key')).toBe(12);
  });

  it('finds a key in another letter case where none is exact', () => {
    expect(columnIn(['C', 'E'])).toBe(56);
  });

  it('places a YAML alias where it stands', () => {
    const root = readYaml('a.yaml', YAML_TEXT).value?.root;
    expect(root && locateIn(root)(['a', 1, 'b'])).toMatchObject({ line: 3, column: 8 });
  });
});

describe('foldKey', () => {
  it('folds letter case, the long s and the Kelvin sign', () => {
    expect(foldKey('HAſBindMountſ\u212a')).toBe('hasbindmountsk');
  });
});

describe('pointerOf', () => {
  it('escapes slash and tilde', () => {
    expect(pointerOf(['when', 'annotations', 'a/b~c', 0])).toBe('/when/annotations/a~1b~0c/0');
    expect(pointerOf([])).toBe('');
  });
});
