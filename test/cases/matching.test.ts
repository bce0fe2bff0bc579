import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  applyPlan,
  type BindMountRule,
  ConfigError,
  containerFromConfig,
  createCatalog,
  DefinitionError,
  editConfigText,
  type OciConfig,
  type PlanOptions,
  planInjection,
} from '../../src/index.ts';

// One folder a case: input.json holds definitions by path, least preferred directory first, and a config; expected.json
// what comes of it, as far as the case is about it.

interface Input extends PlanOptions {
  readonly definitions: Readonly<Record<string, unknown>>;
  readonly config: OciConfig;
  readonly extensionStages?: readonly string[];
  readonly missing?: readonly string[];
  readonly hasBindMounts?: BindMountRule;
}

const CASES = new URL('matching/', import.meta.url);

// The files are this test's own.
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, CASES), 'utf8'));

const outcome = (input: Input): Record<string, unknown> => {
  const files = Object.entries(input.definitions).map(([path, value]) => ({ path, text: JSON.stringify(value) }));
  const catalog = createCatalog(files, {
    extensionStages: input.extensionStages ?? [],
    findHookProgram: (path) => ({ kind: input.missing?.includes(path) ? 'missing' : 'program' }),
  });
  const container = containerFromConfig(input.config, { hasBindMounts: input.hasBindMounts ?? 'user' });
  const plan = planInjection(catalog, container, input);
  const byName = <T>(each: (verdict: (typeof plan.verdicts)[number]) => T) =>
    Object.fromEntries(plan.verdicts.map((verdict) => [verdict.name, each(verdict)]));
  const applied = applyPlan(input.config, plan);
  expect(JSON.parse(editConfigText(JSON.stringify(input.config), plan))).toEqual(applied);
  expect(plan.verdicts.filter(({ matched }) => matched).map(({ name }) => name)).toEqual(plan.matched);
  return {
    matched: plan.matched,
    entries: plan.entries.map(({ stage, definition }) => `${stage} ${definition}`),
    skipped: plan.skipped.map(({ stage, definition }) => `${stage} ${definition}`),
    extension: Object.fromEntries(
      Object.entries(plan.extension).map(([stage, hooks]) => [stage, hooks.map(({ definition }) => definition)]),
    ),
    masked: catalog.masked.map(({ path, maskedBy }) => `${path} by ${maskedBy}`),
    hooks: applied.hooks ?? null,
    tried: byName(({ conditions }) =>
      conditions.map(({ condition, matched }) => `${condition} ${matched ? '+' : '-'}`),
    ),
    nearestMiss: byName(({ nearestMiss }) => nearestMiss?.reason),
  };
};

const outcomeOrError = (input: Input): Record<string, unknown> => {
  try {
    return outcome(input);
  } catch (problem) {
    if (problem instanceof DefinitionError || problem instanceof ConfigError) return { error: problem.code };
    throw problem;
  }
};

describe('for definitions and a container', () => {
  it.each(readdirSync(CASES))('%s', (name) => {
    const input = read(`${name}/input.json`) as Input;
    expect(outcomeOrError(input)).toMatchObject(read(`${name}/expected.json`) as object);
  });
});
