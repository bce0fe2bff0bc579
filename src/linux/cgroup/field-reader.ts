import { type ExactJson, type ExactJsonObject, isExactObject } from '../../core/oci/exact-json.ts';
import { type CgroupProblem, problem } from './problem.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;

/**
 * Reads the members of one JSON object, each by its own type. What does not fit becomes a problem and reads as absent,
 * so that every fault of a file is found in one go. `null` is absent, as Go and crun have it.
 */
export class FieldReader {
  readonly #object: ExactJsonObject;
  readonly #path: string;
  readonly #problems: CgroupProblem[];
  readonly #read = new Set<string>();

  constructor(object: ExactJsonObject, path: string, problems: CgroupProblem[]) {
    this.#object = object;
    this.#path = path;
    this.#problems = problems;
  }

  /** Gives the members that nothing asked for. */
  unread(): string[] {
    return Object.keys(this.#object)
      .filter((key) => !this.#read.has(key))
      .map((key) => this.#field(key));
  }

  int64(key: string): bigint | undefined {
    return this.#integer(key, INT64_MIN, INT64_MAX);
  }

  uint64(key: string): bigint | undefined {
    return this.#integer(key, 0n, UINT64_MAX);
  }

  uint32(key: string): bigint | undefined {
    return this.#integer(key, 0n, 2n ** 32n - 1n);
  }

  uint16(key: string): bigint | undefined {
    return this.#integer(key, 0n, 2n ** 16n - 1n);
  }

  boolean(key: string): boolean | undefined {
    return this.#typed(key, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  string(key: string): string | undefined {
    return this.#typed(key, 'a string', (value): value is string => typeof value === 'string');
  }

  /** Gives a reader for a member that is an object. */
  object(key: string): FieldReader | undefined {
    const value = this.#typed(key, 'an object', isExactObject);
    return value === undefined ? undefined : new FieldReader(value, this.#field(key), this.#problems);
  }

  /** Gives a reader for each element of a member that is a list of objects. */
  objects(key: string): FieldReader[] {
    const list = this.#typed(key, 'a list', (value): value is readonly ExactJson[] => Array.isArray(value));
    return (list ?? []).flatMap((item, index) => {
      const field = `${this.#field(key)}[${index}]`;
      if (isExactObject(item)) return new FieldReader(item, field, this.#problems);
      this.#problems.push(problem('FIELD_TYPE', field, { expected: 'an object', found: kindOf(item) }));
      return [];
    });
  }

  /** Gives a reader for each member of a member that is an object of objects. */
  entries(key: string): readonly (readonly [string, FieldReader])[] {
    const map = this.object(key);
    return map === undefined
      ? []
      : Object.keys(map.#object).flatMap((name) => {
          const reader = map.object(name);
          return reader === undefined ? [] : [[name, reader] as const];
        });
  }

  /** Gives a member that maps names to strings, in the order of the file. */
  strings(key: string): readonly (readonly [string, string])[] {
    const map = this.object(key);
    return map === undefined
      ? []
      : Object.keys(map.#object).flatMap((name) => {
          const value = map.string(name);
          return value === undefined ? [] : [[name, value] as const];
        });
  }

  /** Adds a problem about a member. */
  report(code: CgroupProblem['code'], key: string, args: Readonly<Record<string, string | bigint>> = {}): void {
    this.#problems.push(problem(code, this.#field(key), args));
  }

  #integer(key: string, lowest: bigint, highest: bigint): bigint | undefined {
    const value = this.#typed(
      key,
      'a whole number',
      (value): value is number | bigint =>
        typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value)),
    );
    if (value === undefined) return undefined;
    const exact = BigInt(value);
    if (exact >= lowest && exact <= highest) return exact;
    this.report('FIELD_RANGE', key, { value: exact, expected: `${lowest} to ${highest}` });
    return undefined;
  }

  #typed<T extends ExactJson>(key: string, expected: string, fits: (value: ExactJson) => value is T): T | undefined {
    this.#read.add(key);
    const value = this.#object[key];
    if (value === undefined || value === null) return undefined;
    if (fits(value)) return value;
    this.report('FIELD_TYPE', key, { expected, found: kindOf(value) });
    return undefined;
  }

  #field(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }
}

function kindOf(value: ExactJson): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? 'a string' : `${value}`;
}
