import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseExactJson } from '../../src/core/oci/exact-json.ts';
import { planDocument } from '../../src/linux/cgroup/plan-document.ts';
import { planResources } from '../../src/linux/cgroup/resource-plan.ts';

// A folder a case: resources.json and unified.json are the two files of `hooks cgroup plan`, options.json its flags.
// Of what is ignored expected.json holds the fields, of errors code and field: the sentences are free to get better.
const cases = new URL('./cgroup-plan/', import.meta.url);

describe('planResources', () => {
  it.each(readdirSync(cases, { withFileTypes: true }).filter((entry) => entry.isDirectory()))('$name', ({ name }) => {
    const read = (file: string): string => readFileSync(new URL(`${name}/${file}`, cases), 'utf8');
    const has = (file: string): boolean => readdirSync(new URL(`${name}/`, cases)).includes(file);
    const { currentMemoryLimit, ...options } = JSON.parse(read('options.json'));
    const document = planDocument(
      planResources(parseExactJson(read('resources.json')), {
        ...options,
        currentMemoryLimit: currentMemoryLimit === undefined ? undefined : BigInt(currentMemoryLimit),
        unified: has('unified.json') ? parseExactJson(read('unified.json')) : undefined,
      }),
    );
    const { schemaVersion, ...rest } = document;
    expect(schemaVersion).toBe(1);
    expect({
      ...rest,
      ignored: rest.ignored.map(({ field }) => field),
      errors: rest.errors.map(({ code, field }) => `${code} ${field}`),
    }).toEqual(JSON.parse(read('expected.json')));
  });
});
