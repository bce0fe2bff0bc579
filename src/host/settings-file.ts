import { lstatSync } from 'node:fs';
import { locateIn, type PathSegment, type SourceDocument } from '../core/definition/document.ts';
import { readJson } from '../core/definition/json.ts';
import { isObject } from '../core/definition/keys.ts';
import type { ShapeError, ShapeValidator } from '../core/definition/shape-validator.ts';
import { type Diagnostic, error, hasErrors, inFileOrder, type Parsed } from '../core/diagnostic/diagnostic.ts';
import { nearest } from '../core/diagnostic/nearest.ts';
import { quote } from '../core/diagnostic/quote.ts';
import { errnoOf } from '../core/diagnostic/system-error.ts';
import { readBoundedFile } from './file.ts';
import { createTrustCheck, type Trust, type TrustOptions } from './trust.ts';
import { decodeUtf8 } from './utf8.ts';
import { reasonOf } from './write-file.ts';

/** As for every YAML text. */
const SETTINGS_LIMIT = 256 * 1024;

/** Which file holds settings; one that is not required may be missing. */
export interface SettingsSource {
  readonly path: string;
  readonly isRequired: boolean;
}

/** What is wrong with the value of a setting. */
export interface SettingProblem {
  readonly key: string;
  readonly problem: string;
}

/** What settings of a kind look like. */
export interface SettingsForm {
  /** Whose settings they are: the name of the schema and of the page of the documentation. */
  readonly door: 'runtime' | 'nri';
  /** Tells whether a value has the shape of the kind's schema. */
  readonly validate: ShapeValidator;
  /** The names of the settings, for advice. */
  readonly keys: readonly string[];
  /** The names within a setting that has parts, by its JSON Pointer. */
  readonly innerKeys?: Readonly<Record<string, readonly string[]>>;
  /** Says what is wrong with settings of the right shape, as far as no machine has to be asked. */
  readonly check?: (settings: Readonly<Record<string, unknown>>) => readonly SettingProblem[];
  /** Gives what to write instead, where the shape's rules alone do not tell. */
  readonly advise?: (shapeError: ShapeError, written: unknown) => string | undefined;
  /** Says what is wrong where the schema has rules of its own; undefined for the usual sentence. */
  readonly explain: (shapeError: ShapeError, key: string) => string | undefined;
}

/** Reads the text of settings; the value is there also when it has errors, as far as it can be read. */
export async function parseSettingsText(path: string, text: string, form: SettingsForm): Promise<Parsed<object>> {
  const { value: document, diagnostics } = await readDocument(path, text);
  if (document === undefined) return { diagnostics };
  // An empty file, or one of comments only, changes nothing.
  const content = document.value ?? {};
  const locate = locateIn(document.root);
  const problems = form.validate(content)
    ? []
    : meantErrors(form.validate.errors ?? []).map((shapeError) => {
        const segments = segmentsOf(shapeError.instancePath);
        const key = unknownKey(shapeError);
        const at = key === undefined ? locate(segments) : locate([...segments, key], 'key');
        const place = {
          path,
          at,
          pointer: shapeError.instancePath,
          hint: hintFor(shapeError, content, segments, form),
        };
        return error('SETTING_VALUE', place, { problem: problemOf(shapeError, form), door: form.door });
      });
  const mistaken = new Set(problems.map(({ pointer }) => pointer));
  const checked = (isObject(content) && form.check ? form.check(content) : [])
    .filter(({ key }) => !mistaken.has(`/${key}`))
    .map(({ key, problem }) =>
      error('SETTING_VALUE', { path, at: locate([key]), pointer: `/${key}` }, { problem, door: form.door }),
    );
  const value = isObject(content) ? { value: content } : {};
  return { ...value, diagnostics: inFileOrder([...diagnostics, ...problems, ...checked]) };
}

/**
 * Reads a settings file; gives undefined when there is none and none is required. What is wrong with it is in the
 * diagnostics, and is an error where `trust` is `refuse`.
 */
export async function readSettingsFile(
  { path, isRequired }: SettingsSource,
  form: SettingsForm,
  trust: Trust = 'refuse',
  options: TrustOptions = {},
): Promise<Parsed<object> | undefined> {
  const refuse = (diagnostic: Diagnostic): Parsed<object> => ({ diagnostics: [diagnostic] });
  const content = readBoundedFile(path, SETTINGS_LIMIT);
  switch (content.kind) {
    case 'failed':
      // A link that leads nowhere is there: somebody's settings were meant.
      if (!isRequired && errnoOf(content.error) === 'ENOENT' && !lstatSync(path, { throwIfNoEntry: false })) {
        return undefined;
      }
      return refuse(error('FILE_UNREADABLE', { path }, { reason: reasonOf(content.error), door: form.door }));
    case 'not-regular':
      return refuse(error('FILE_NOT_REGULAR', { path }, { kind: content.what, door: form.door }));
    case 'too-large':
      return refuse(
        error('FILE_TOO_LARGE', { path }, { bytes: content.bytes, limit: SETTINGS_LIMIT, door: form.door }),
      );
    case 'content': {
      const untrusted = createTrustCheck(trust, options)(path, content);
      if (hasErrors(untrusted)) return { diagnostics: untrusted };
      const decoded = decodeUtf8(content.bytes);
      if ('text' in decoded) {
        const parsed = await parseSettingsText(path, decoded.text, form);
        return { ...parsed, diagnostics: [...untrusted, ...parsed.diagnostics] };
      }
      return refuse(error('FILE_INVALID_UTF8', { path }, { byteOffset: decoded.invalidAt }));
    }
    default:
      return content satisfies never;
  }
}

/** A text in JSON is YAML too, and is read without the YAML reader, which a container would wait for. */
async function readDocument(path: string, text: string): Promise<Parsed<SourceDocument>> {
  if (/^\s*\{/.test(text)) {
    const json = readJson(path, text);
    // The YAML reader says what is wrong with a text that is neither, and where a key stands twice.
    if (json.value && !json.value.hasRepeatedKeys) return json;
  }
  const { readYaml } = await import('../core/definition/yaml.ts');
  return readYaml(path, text);
}

/** The validator's findings, less those that only explain why a branch of `anyOf` or a name did not hold. */
function meantErrors(errors: readonly ShapeError[]): ShapeError[] {
  return errors.filter(({ schemaPath }) => !/\/anyOf\/\d|\/propertyNames\/./.test(schemaPath));
}

function segmentsOf(pointer: string): PathSegment[] {
  const parts = pointer.split('/').slice(1);
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll('~1', '/').replaceAll('~0', '~')));
}

function unknownKey({ params }: ShapeError): string | undefined {
  const key = params['additionalProperty'] ?? params['propertyName'];
  return typeof key === 'string' ? key : undefined;
}

function hintFor(
  shapeError: ShapeError,
  content: unknown,
  segments: readonly PathSegment[],
  form: SettingsForm,
): string | undefined {
  if (shapeError.keyword === 'additionalProperties') {
    return nearest(unknownKey(shapeError) ?? '', form.innerKeys?.[shapeError.instancePath] ?? form.keys);
  }
  const written = segments.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), content);
  const allowed = shapeError.params['allowedValues'];
  if (!Array.isArray(allowed)) return form.advise?.(shapeError, written);
  return nearest(String(written), allowed.map(String));
}

function problemOf(shapeError: ShapeError, form: SettingsForm): string {
  const { keyword, params } = shapeError;
  const key = quote(unknownKey(shapeError) ?? '');
  const special = form.explain(shapeError, key);
  if (special !== undefined) return special;
  switch (keyword) {
    case 'additionalProperties':
      return `there is no setting ${key}`;
    case 'const':
      return `the value must be ${String(params['allowedValue'])}`;
    case 'enum':
      return `the value must be one of ${asList(params['allowedValues'])}`;
    case 'pattern':
      return 'the value must be an absolute path';
    case 'type':
      if (params['type'] === 'array') return 'the value must be a list, in brackets or a line each behind "- "';
      return `the value must be of the type ${String(params['type'])}`;
    default:
      return `the value must be of the type ${String(params['type'] ?? keyword)}`;
  }
}

function asList(values: unknown): string {
  return Array.isArray(values) ? values.map(String).join(', ') : '';
}
