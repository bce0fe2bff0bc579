/** One finding of a generated validator: where in the value, which rule of the schema. Source: ajv's ErrorObject. */
export interface ShapeError {
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A generated validator: false means that `errors` holds the findings of this call. */
export interface ShapeValidator {
  (value: unknown): boolean;
  errors?: readonly ShapeError[] | null;
}
