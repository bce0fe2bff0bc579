import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES } from '../../src/linux/bpf/default-rules.ts';
import { mapOfDenials, mapOfGrants } from '../../src/linux/bpf/device-grant.ts';
import { type DeviceList, listAllows } from '../../src/linux/bpf/device-list.ts';
import { ALWAYS, mapAllows, sameMap, uniformMap } from '../../src/linux/bpf/device-map.ts';
import type { DeviceRequest } from '../../src/linux/bpf/device-request.ts';
import type { DeviceRule } from '../../src/linux/bpf/device-rule.ts';
import { type Dialect, readRules } from '../../src/linux/bpf/dialect.ts';
import { generateFromList, generateFromMap, generatePrefix } from '../../src/linux/bpf/generate.ts';
import { decodeProgram, encodeProgram } from '../../src/linux/bpf/instruction.ts';
import { interpret } from '../../src/linux/bpf/interpret.ts';
import { liftProgram } from '../../src/linux/bpf/lift.ts';
import { mapOfList } from '../../src/linux/bpf/list-map.ts';
import { rulesOfMap } from '../../src/linux/bpf/map-rules.ts';
import { planWidening } from '../../src/linux/bpf/widen.ts';
import { runtimeLayout } from '../oracle/runtime-layout.ts';
import { allowRule, deviceGrant, deviceRule, requestsAround } from './device-arbitraries.ts';

const dialect = fc.constantFrom<Dialect>('runc', 'crun');
const byteOrder = fc.constantFrom('LE' as const, 'BE' as const);
const rules = fc.oneof(fc.array(deviceRule, { maxLength: 12 }), fc.array(allowRule, { maxLength: 12 }));

/** Lists that the dialect accepts. */
const list: fc.Arbitrary<DeviceList> = fc
  .tuple(rules, dialect)
  .map(([given, which]) => readRules(given, which))
  .filter((result) => 'list' in result)
  .map((result) => ('list' in result ? result.list : { entries: [], defaultAllow: false }));

describe('a generated program', () => {
  // Law: what the program lets pass is what the dialect's list lets pass, on every request near a number it names.
  it('decides as the list it was made from', () => {
    fc.assert(
      fc.property(list, byteOrder, (given, order) => {
        const program = generateFromList(given, order);
        expect(
          requestsAround([given]).find((request) => interpret(program, request, order) !== listAllows(given, request)),
        ).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  // Law: grouping never costs: no list makes a program longer than the runtime's own.
  it('is never longer than the layout of runc and crun', () => {
    fc.assert(
      fc.property(list, (given) => {
        expect(generateFromList(given, 'LE').length).toBeLessThanOrEqual(runtimeLayout(given, 'runc').length);
      }),
      { numRuns: 1000 },
    );
  });

  // Law: decoding undoes encoding, in both byte orders.
  it('survives its encoding', () => {
    fc.assert(
      fc.property(list, byteOrder, (given, order) => {
        const program = generateFromList(given, order);
        expect(decodeProgram(encodeProgram(program, order), order)).toEqual(program);
      }),
    );
  });
});

describe('lifting', () => {
  // Law: a program lifts to the map of the list it was made from, whoever laid it out.
  it('gives back what runc, crun and own programs decide', () => {
    fc.assert(
      fc.property(list, byteOrder, (given, order) => {
        const map = mapOfList(given);
        for (const program of [
          runtimeLayout(given, 'runc'),
          runtimeLayout(given, 'crun'),
          generateFromMap(map, 'LE'),
          generateFromList(given, 'LE'),
        ]) {
          const lifted = liftProgram(program, 'LE');
          expect(lifted && sameMap(lifted, map)).toBe(true);
        }
        const lifted = liftProgram(generateFromMap(map, order), order);
        expect(lifted && sameMap(lifted, map)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  // Law: rules told from a map of single accesses give, read in crun's way, the same answer to r, w and m alone.
  it('is told in rules that answer single requests alike', () => {
    fc.assert(
      fc.property(list, (given) => {
        const told = rulesOfMap(mapOfList(given));
        if (told === undefined) throw new Error('a short list takes few rules');
        const fallback: DeviceRule = {
          allow: told.default === 'allow',
          type: 'a',
          major: -1,
          minor: -1,
          access: 'rwm',
        };
        const read = readRules([fallback, ...told.rules], 'crun');
        if (!('list' in read)) throw new Error(read.refused);
        expect(
          requestsAround([given])
            .filter(({ access }) => [1, 2, 4].includes(access))
            .find((request) => listAllows(read.list, request) !== listAllows(given, request)),
        ).toBeUndefined();
      }),
    );
  });
});

describe('widening', () => {
  // Law: the new program allows what the old one or the grants allow, and nothing else, lifted or prepended.
  it('adds the grants and nothing else', () => {
    fc.assert(
      fc.property(list, fc.array(deviceGrant, { minLength: 1, maxLength: 4 }), (given, grants) => {
        const extra = mapOfGrants(grants);
        const program = runtimeLayout(given, 'crun');
        const widening = planWidening(program, extra, 'LE');
        const after = 'program' in widening ? widening.program : program;
        fc.pre(!sameMap(extra, uniformMap(ALWAYS)));
        const prepended = [...generatePrefix(extra, 'LE'), ...program];
        const wanted = (request: DeviceRequest) => listAllows(given, request) || mapAllows(extra, request);
        const near = requestsAround([given, { entries: grants.map((grant) => ({ ...grant, allow: true })) }]);
        expect(near.find((request) => interpret(after, request, 'LE') !== wanted(request))).toBeUndefined();
        expect(near.find((request) => interpret(prepended, request, 'LE') !== wanted(request))).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  });

  // Law: widening twice is widening once.
  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(list, fc.array(deviceGrant, { minLength: 1, maxLength: 4 }), (given, grants) => {
        const first = planWidening(runtimeLayout(given, 'runc'), mapOfGrants(grants), 'LE');
        const again = 'program' in first ? planWidening(first.program, mapOfGrants(grants), 'LE') : first;
        expect(again.kind).toBe('unchanged');
      }),
    );
  });
});

describe('denials', () => {
  // Law: a request is denied exactly when it shares a bit with a denied grant for its device.
  it('take away every request that shares a bit', () => {
    fc.assert(
      fc.property(fc.array(deviceGrant, { minLength: 1, maxLength: 4 }), (grants) => {
        const program = generateFromMap(mapOfDenials(grants), 'LE');
        const denied = (request: DeviceRequest) =>
          grants.some(
            ({ type, major, minor, access }) =>
              type === request.type &&
              (major === -1 || major === request.major) &&
              (minor === -1 || minor === request.minor) &&
              (access & request.access) !== 0,
          );
        const near = requestsAround([{ entries: grants.map((grant) => ({ ...grant, allow: false })) }]);
        expect(near.find((request) => interpret(program, request, 'LE') === denied(request))).toBeUndefined();
      }),
    );
  });
});

it('reads the default rules of both runtimes', () => {
  expect(readRules(DEFAULT_RULES.runc, 'runc')).toHaveProperty('list');
  expect(readRules(DEFAULT_RULES.crun, 'crun')).toHaveProperty('list');
});
