import type { UnitProperty } from '../systemd/unit-properties.ts';
import type { IgnoredField } from './cgroup-write.ts';
import { type CgroupProblem, renderProblem } from './problem.ts';
import type { ResourcePlan } from './resource-plan.ts';

/** A plan as `hooks cgroup plan --json` prints it; see schemas/cgroup-plan.json. */
export interface PlanDocument {
  readonly schemaVersion: 1;
  readonly writes: readonly (readonly [file: string, value: string])[];
  readonly properties: readonly (readonly [name: string, signature: string, value: JsonValue])[];
  readonly ignored: readonly IgnoredField[];
  readonly errors: readonly ErrorDocument[];
}

/** A problem as data with its sentence. */
export interface ErrorDocument {
  readonly code: string;
  readonly field: string;
  readonly message: string;
}

/** Gives the document of a plan: values of writes are strings, integers beyond 2^53 are strings in properties. */
export function planDocument({ writes, properties, ignored, problems }: ResourcePlan): PlanDocument {
  return {
    schemaVersion: 1,
    writes: writes.map(({ file, value }) => [file, value]),
    properties: properties.map((property) => [property.name, property.signature, propertyValue(property)]),
    ignored,
    errors: errorDocuments(problems),
  };
}

/** Gives the documents of problems. */
export function errorDocuments(problems: readonly CgroupProblem[]): ErrorDocument[] {
  return problems.map((problem) => ({ code: problem.code, field: problem.field, message: renderProblem(problem) }));
}

type JsonValue = string | number | boolean | readonly JsonValue[];

function propertyValue(property: UnitProperty): JsonValue {
  switch (property.signature) {
    case 't':
      return jsonInteger(property.value);
    case 'ay':
      return property.value;
    case 'a(st)':
      return property.value.map(([device, weight]) => [device, jsonInteger(weight)]);
    default:
      return property satisfies never;
  }
}

function jsonInteger(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);
}
