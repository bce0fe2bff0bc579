import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createCatalog, type HookProgram } from '../../src/index.ts';

// One folder a case: input.json or input.yaml, and expected.json with the findings in the order of the file, what stands
// at the hook's path (a program, unless said), and the definition read, when it is in force.

interface Expected {
  readonly diagnostics: readonly unknown[];
  readonly extensionStages?: readonly string[];
  readonly programs?: Readonly<Record<string, HookProgram>>;
  readonly inactive?: boolean;
  readonly value?: unknown;
}

const CASES = new URL('definitions/', import.meta.url);

const read = (name: string): { readonly input: { path: string; text: string }; readonly expected: Expected } => {
  const folder = new URL(`${name}/`, CASES);
  const path = readdirSync(folder).find((file) => file.startsWith('input.')) ?? 'input.json';
  return {
    input: { path, text: readFileSync(new URL(path, folder), 'utf8') },
    // The files are this test's own.
    expected: JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Expected,
  };
};

/** JSON knows no bigint: one stands as its digits with an n behind. */
const asData = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)));

describe('the definition', () => {
  it.each(readdirSync(CASES))('%s', (name) => {
    const { input, expected } = read(name);
    const catalog = createCatalog([input], {
      extensionStages: expected.extensionStages ?? [],
      findHookProgram: (path) => expected.programs?.[path] ?? { kind: 'program' },
    });
    const found = catalog.diagnostics.map(({ severity, code, at, hint }) => ({
      severity,
      code,
      at: at && `${at.line}:${at.column}`,
      ...(hint !== undefined && { hint }),
    }));
    expect(found).toEqual(expected.diagnostics);
    expect(catalog.inactive).toHaveLength(expected.inactive === true ? 1 : 0);
    const definition = catalog.definitions[0];
    const { name: _name, path: _path, ...value } = definition ?? { name: '', path: '' };
    expect(definition ? asData(value) : undefined).toEqual(expected.value);
  });
});
