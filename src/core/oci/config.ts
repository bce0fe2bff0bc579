import type { Stage } from './stage.ts';

/**
 * The parts of config.json that `hooks` reads; everything else passes through untouched.
 * Source: OCI runtime-spec 1.2, config.md.
 */
export interface OciConfig {
  readonly ociVersion?: string;
  readonly annotations?: Readonly<Record<string, string>> | null;
  readonly process?: OciProcess | null;
  readonly mounts?: readonly OciMount[] | null;
  readonly hooks?: OciHooks | null;
  readonly [field: string]: unknown;
}

/** The `process` member of config.json, as far as conditions look at it. */
export interface OciProcess {
  readonly args?: readonly string[] | null;
  readonly [field: string]: unknown;
}

/** One entry of `mounts` in config.json. */
export interface OciMount {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[] | null;
  readonly [field: string]: unknown;
}

/** The `hooks` member of config.json: per stage its entries, in the order they run. Entries are kept as written. */
export type OciHooks = { readonly [S in Stage]?: readonly unknown[] | null } & { readonly [stage: string]: unknown };
