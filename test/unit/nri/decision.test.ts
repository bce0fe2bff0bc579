import { describe, expect, it } from 'vitest';
import { createCatalog } from '../../../src/core/catalog/create-catalog.ts';
import type { FindHookProgram } from '../../../src/core/catalog/hook-path.ts';
import { type DecisionRules, decide } from '../../../src/nri/decision.ts';

const text = (when: object, path = '/bin/true'): string =>
  JSON.stringify({ version: '1.0.0', hook: { path }, when, stages: ['createRuntime'] });

const catalog = (files: Readonly<Record<string, string>>, missing: readonly string[] = []) =>
  createCatalog(
    Object.entries(files).map(([path, content]) => ({ path, text: content })),
    { findHookProgram: (path) => ({ kind: missing.includes(path) ? 'missing' : 'program' }) },
  );

const RULES: DecisionRules = { prestart: 'prestart', duplicates: 'skip', onError: 'fail' };
const SKIP: DecisionRules = { ...RULES, onError: 'skip' };
const container = { args: ['sh'], annotations: {}, hasBindMounts: false };
const codes = ({ doubts }: ReturnType<typeof decide>): readonly string[] => doubts.map(({ code }) => code);

describe('decide', () => {
  it('gives the hooks of the definitions that match', () => {
    expect(decide(catalog({ 'd/a.json': text({ always: true }) }), container, RULES)).toMatchObject({
      outcome: 'injected',
      entries: [{ definition: 'a.json' }],
      doubts: [],
    });
  });

  it('leaves a container alone that nothing matches', () => {
    expect(decide(catalog({ 'd/a.json': text({ commands: ['^ls$'] }) }), container, RULES).outcome).toBe('unchanged');
  });

  it('refuses before anything is loaded', () => {
    expect(decide(undefined, container, RULES)).toMatchObject({ outcome: 'refused', entries: [] });
    expect(decide(undefined, container, SKIP).outcome).toBe('skipped');
  });

  it('names every error of definitions that are not good', () => {
    const bad = catalog({ 'd/a.json': '{', 'd/b.json': text({ commands: ['('] }) });
    expect(codes(decide(bad, container, RULES))).toEqual(['JSON_SYNTAX', 'PATTERN_SYNTAX']);
  });

  it('doubts only the containers that a definition without its program matches', () => {
    const files = { 'd/a.json': text({ commands: ['^sh$'] }, '/none'), 'd/b.json': text({ always: true }) };
    const one = catalog(files, ['/none']);
    expect(decide(one, container, RULES)).toMatchObject({ outcome: 'refused', entries: [] });
    expect(codes(decide(one, container, RULES))).toEqual(['HOOK_PROGRAM_MISSING']);
    expect(decide(one, container, SKIP)).toMatchObject({ outcome: 'skipped', entries: [{ definition: 'b.json' }] });
    expect(decide(one, { ...container, args: ['ls'] }, RULES).outcome).toBe('injected');
  });

  it('does not miss a program of a definition that a preferred one of its name replaces', () => {
    const replaced = catalog({ 'd/a.json': text({ always: true }, '/none'), 'e/a.json': text({ always: true }) }, [
      '/none',
    ]);
    expect(decide(replaced, container, RULES)).toMatchObject({
      outcome: 'injected',
      entries: [{ hook: { path: '/bin/true' } }],
    });
    const preferred = catalog({ 'd/a.json': text({ always: true }), 'e/a.json': text({ always: true }, '/none') }, [
      '/none',
    ]);
    expect(codes(decide(preferred, container, RULES))).toEqual(['HOOK_PROGRAM_MISSING']);
  });

  it.each([
    ['HOOK_PROGRAM_MISSING', { kind: 'missing' }, '/gone'],
    ['HOOK_PROGRAM_UNUSABLE', { kind: 'not-executable' }, '/gone'],
    ['HOOK_PROGRAM_UNUSABLE', { kind: 'not-a-file' }, '/gone'],
    ['HOOK_PROGRAM_UNUSABLE', { kind: 'unreachable', reason: 'ELOOP' }, '/gone'],
    ['HOOK_PROGRAM_UNUSABLE', { kind: 'program' }, 'relative/program'],
  ] as const)('doubts a hook that cannot be run now: %s %j', (code, program, path) => {
    const files = { 'd/a.json': text({ commands: ['^sh$'] }, path), 'd/b.json': text({ always: true }) };
    const findHookProgram: FindHookProgram = (asked) => (asked === path ? program : { kind: 'program' });
    const refused = decide(catalog(files), container, { ...RULES, findHookProgram });
    expect(refused).toMatchObject({ outcome: 'refused', entries: [], doubts: [{ code, path: 'd/a.json' }] });
    const skipped = decide(catalog(files), container, { ...SKIP, findHookProgram });
    expect(skipped).toMatchObject({ outcome: 'skipped', entries: [{ definition: 'b.json' }], doubts: [{ code }] });
    expect(decide(catalog(files), { ...container, args: ['ls'] }, { ...RULES, findHookProgram }).outcome).toBe(
      'injected',
    );
  });

  it('doubts a commands condition when there are no arguments', () => {
    const decision = decide(catalog({ 'd/a.json': text({ commands: ['x'] }) }), { ...container, args: [] }, RULES);
    expect(decision.doubts).toMatchObject([{ code: 'PROCESS_ARGS_EMPTY', path: 'container' }]);
  });
});

describe('a container with very many annotations', () => {
  const numbers = (length: number): readonly number[] => Array.from({ length }, (_, index) => index);
  const annotations = Object.fromEntries(numbers(2001).map((number) => [`k${number}`, '']));
  const view = { args: ['/bin/sh'], annotations, hasBindMounts: false };
  /** A thousand definitions, each with a key of its own. */
  const decided = (key: (number: number) => string): unknown =>
    decide(
      catalog(
        Object.fromEntries(
          numbers(1000).map((number) => [`d/${number}.json`, text({ annotations: { [key(number)]: '.*' } })]),
        ),
      ),
      view,
      RULES,
    );

  it('is in doubt where definitions look at every one of them', () => {
    expect(decided((number) => `^k${number}`)).toMatchObject({
      outcome: 'refused',
      doubts: [{ code: 'ANNOTATIONS_TOO_MANY' }],
    });
  });

  it('is not where they name a whole key', () => {
    expect(decided((number) => `^none${number}$`)).toMatchObject({ outcome: 'unchanged', doubts: [] });
  });
});
