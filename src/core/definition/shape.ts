import type { DiagnosticArguments } from '../diagnostic/code.ts';
import { type Diagnostic, error } from '../diagnostic/diagnostic.ts';
import { type Locate, locateIn, type PathSegment, pointerOf } from './document.ts';
import { type CanonicalValue, isObject } from './keys.ts';
import type { ShapeError, ShapeValidator } from './shape-validator.ts';

/** The pairs of names for one property, in the order of `allOf` in schemas/hook-0.1.0.json. */
const CONFLICTS = [
  ['stages', 'stage'],
  ['cmds', 'cmd'],
  ['annotations', 'annotation'],
] as const;

/** Judges a definition's value by the validator generated from its schema, and says what is wrong where. */
export function checkShape(
  file: string,
  canonical: CanonicalValue,
  validate: ShapeValidator,
  locate: Locate,
): Diagnostic[] {
  const { value } = canonical;
  const diagnostics = validate(value)
    ? []
    : shapeErrors(validate).map((shapeError) =>
        shapeDiagnostic(file, value, shapeError, locate, canonical.diagnostics),
      );
  for (const { path, node, value: replaced } of canonical.replaced) {
    // Judged alone: with all the rest around it, many replaced values would cost the square of their number.
    const substituted = path.reduceRight<unknown>((inner, segment) => ({ [segment]: inner }), replaced);
    if (validate(substituted)) continue;
    const pointer = pointerOf(path);
    const locateInside = locateIn(() => node);
    for (const shapeError of shapeErrors(validate)) {
      // Go judges a value that is replaced by its type alone, and null is of every type.
      if (shapeError.keyword !== 'type' || !`${shapeError.instancePath}/`.startsWith(`${pointer}/`)) continue;
      if (valueAt(substituted, pathOf(substituted, shapeError.instancePath)) === null) continue;
      const locateReplaced: Locate = (whole, part) => locateInside(whole.slice(path.length), part);
      diagnostics.push(shapeDiagnostic(file, substituted, shapeError, locateReplaced, []));
    }
  }
  return diagnostics;
}

/** The validator's findings, less those that only explain why a branch of `anyOf` or `not` did not hold. */
function shapeErrors(validate: ShapeValidator): ShapeError[] {
  return (validate.errors ?? []).filter(({ schemaPath }) => !/\/anyOf\/\d|\/not\//.test(schemaPath));
}

function shapeDiagnostic(
  file: string,
  value: unknown,
  shapeError: ShapeError,
  locate: Locate,
  keyFindings: readonly Diagnostic[],
): Diagnostic {
  const path = pathOf(value, shapeError.instancePath);
  const found = valueAt(value, path);
  const place = { path: file, at: locate(path), pointer: pointerOf(path) };
  const missing = (property: string): Diagnostic => {
    return error(
      'PROPERTY_MISSING',
      { ...place, hint: misspelling(property, place.pointer, keyFindings) },
      { property },
    );
  };
  switch (shapeError.keyword) {
    case 'required':
      return missing(String(shapeError.params['missingProperty']));
    case 'anyOf':
      return missing('stages');
    case 'not': {
      const [property, other] = CONFLICTS[Number(shapeError.schemaPath.split('/')[2])] ?? CONFLICTS[0];
      const at = locate([...path, other], 'key');
      return error(
        'PROPERTY_CONFLICT',
        { ...place, at, pointer: pointerOf([...path, other]) },
        { property: other, other: property },
      );
    }
    case 'minLength':
      return error('HOOK_PATH_EMPTY', place, {});
    default:
      return error('TYPE_MISMATCH', { ...place, hint: typeHint(shapeError, found) }, typeMismatch(shapeError, found));
  }
}

/** Gives the unknown key beside a missing property that was most likely meant for it. */
function misspelling(property: string, parent: string, keyFindings: readonly Diagnostic[]): string | undefined {
  const isBeside = ({ pointer }: Diagnostic) => pointer?.slice(0, pointer.lastIndexOf('/')) === parent;
  const found = keyFindings.find(
    (finding) => finding.code === 'KEY_UNKNOWN' && finding.hint === property && isBeside(finding),
  );
  return found && 'key' in found.args ? found.args.key : undefined;
}

function typeMismatch(shapeError: ShapeError, found: unknown): DiagnosticArguments['TYPE_MISMATCH'] {
  return { expected: TYPE_NAMES[expectedType(shapeError)] ?? 'another value', found: typeName(found) };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  boolean: 'true or false',
  string: 'a string',
  integer: 'a whole number',
  array: 'a list',
  object: 'an object',
};

function expectedType(shapeError: ShapeError): string {
  const { type } = shapeError.params;
  const types: readonly unknown[] = Array.isArray(type) ? type : String(type).split(',');
  return String(types.find((name) => name !== 'null'));
}

/** Names the type of a value as people say it: `a string`, `null`. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? 'a string' : 'a number';
}

function typeHint(shapeError: ShapeError, found: unknown): string | undefined {
  const expected = expectedType(shapeError);
  if (expected === 'boolean' && typeof found === 'string') {
    const lower = found.toLowerCase();
    if (['true', 'yes', 'on', '1'].includes(lower)) return 'true';
    if (['false', 'no', 'off', '0'].includes(lower)) return 'false';
  }
  if (expected === 'integer' && typeof found === 'string' && /^\d{1,18}s?$/.test(found)) return found.replace('s', '');
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean'))
    return JSON.stringify(String(found));
  if (expected === 'array' && typeof found === 'string') return JSON.stringify([found]);
  return undefined;
}

function pathOf(value: unknown, pointer: string): PathSegment[] {
  const path: PathSegment[] = [];
  let current = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(current) ? Number(key) : key);
    current = valueAt(current, path.slice(-1));
  }
  return path;
}

function valueAt(value: unknown, path: readonly PathSegment[]): unknown {
  let current = value;
  for (const segment of path) {
    if (Array.isArray(current)) current = current[Number(segment)];
    else if (isObject(current)) current = Object.hasOwn(current, segment) ? current[segment] : undefined;
    else return undefined;
  }
  return current;
}
