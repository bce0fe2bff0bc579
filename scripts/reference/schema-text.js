// What JSON Schemas say about the members of an object, as plain data for the pages.

/**
 * As much of JSON Schema as schemas/ uses.
 *
 * @typedef {object} Schema
 * @property {string} [title]
 * @property {string} [description]
 * @property {string | readonly string[]} [type]
 * @property {readonly string[]} [required]
 * @property {Readonly<Record<string, Schema>>} [properties]
 * @property {Readonly<Record<string, Schema>>} [definitions]
 * @property {Schema} [items]
 * @property {readonly Schema[]} [anyOf]
 * @property {readonly unknown[]} [enum]
 * @property {unknown} [const]
 * @property {readonly unknown[]} [examples]
 * @property {Schema | boolean} [additionalProperties]
 * @property {string} [$ref]
 */

/**
 * One member, with its path from the top.
 *
 * @typedef {{ readonly path: string, readonly type: string, readonly isRequired: boolean, readonly description: string,
 *   readonly example: string | undefined }} Member
 */

/**
 * Gives the members of an object and of the objects in it, in the schema's order; without `$schema`, which is for editors.
 *
 * @param {Schema} schema
 * @param {Schema} [top] the schema that holds the definitions
 * @param {string} [above]
 * @returns {Member[]}
 */
export function members(schema, top = schema, above = '') {
  const required = schema.required ?? [];
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => name !== '$schema')
    .flatMap(([name, given]) => {
      const member = resolved(given, top);
      const path = above === '' ? name : `${above}.${name}`;
      const [example] = member.examples ?? [];
      return [
        {
          path,
          type: typeText(member, top),
          isRequired: required.includes(name),
          description: member.description ?? '',
          example: example === undefined ? undefined : JSON.stringify(example),
        },
        ...members(member, top, path),
      ];
    });
}

/**
 * Follows a reference into the schema's own definitions; what stands beside it counts more.
 *
 * @param {Schema} schema
 * @param {Schema} top
 * @returns {Schema}
 */
function resolved(schema, top) {
  const name = schema.$ref?.replace('#/definitions/', '');
  return name === undefined ? schema : { ...top.definitions?.[name], ...schema };
}

/**
 * @param {Schema} schema
 * @param {Schema} top
 * @returns {string}
 */
function typeText(schema, top) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map((one) => typeText(one, top)).join(' or ');
  if (schema.enum && schema.type === undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' or ');
  const type = [schema.type ?? 'any'].flat().filter((name) => name !== 'null')[0] ?? 'any';
  if (type === 'array' && schema.items) return `list of ${typeText(resolved(schema.items, top), top)}s`;
  if (type === 'object' && typeof schema.additionalProperties === 'object') {
    return `object of ${typeText(resolved(schema.additionalProperties, top), top)}s`;
  }
  return type;
}
