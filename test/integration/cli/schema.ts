import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { json, ROOT, type Run } from './run.ts';

/** The folder of the schemas. */
export const SCHEMA_FOLDER: string = join(ROOT, 'schemas');
/** The names of the schemas. */
export const SCHEMAS: readonly string[] = readdirSync(SCHEMA_FOLDER).map((name) => name.replace(/\.json$/, ''));

/** Refuses members that a schema does not name: it lets them pass, so that a later release may add some. */
function closed(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('properties' in value) || 'additionalProperties' in value) {
    return value;
  }
  return 'type' in value ? { ...value, additionalProperties: false } : value;
}

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false });
for (const name of SCHEMAS) {
  if (!name.startsWith('hook-'))
    ajv.addSchema(JSON.parse(readFileSync(`${SCHEMA_FOLDER}/${name}.json`, 'utf8'), closed));
}

function validator(name: string): ValidateFunction {
  const validate = ajv.getSchema(`https://oci-hooks.invalid/schemas/${name}.json`);
  if (!validate) throw new Error(`there is no schemas/${name}.json`);
  return validate;
}

/** Gives what a schema finds wrong with a run's document. */
export function findings(name: string, run: Run): unknown {
  const validate = validator(name);
  return validate(json(run)) ? [] : validate.errors;
}
