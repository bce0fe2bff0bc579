import type { Hook } from '../oci/hook.ts';

/** The two formats of oci-hooks(5). */
export type DefinitionVersion = '1.0.0' | '0.1.0';

/**
 * The conditions of a definition. In format 1.0.0 `all` given ones must hold, in 0.1.0 `any` of them.
 *
 * `annotations` maps a pattern for keys to one for values; `commands` are patterns for process.args[0]. `always: false`
 * and `hasBindMounts: false` never match (oci-hooks(5) leaves it open; containers/common `when.go`).
 */
export interface When {
  readonly combine: 'all' | 'any';
  readonly always?: boolean;
  readonly hasBindMounts?: boolean;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly commands?: readonly string[];
}

/**
 * A hook definition as one of its files says it: which hook, at which stages, when. Format 0.1.0 is read into the same
 * shape. `name` is the file's name, `path` its path as the caller named it.
 */
export interface HookDefinition {
  readonly name: string;
  readonly path: string;
  readonly version: DefinitionVersion;
  readonly hook: Hook;
  readonly when: When;
  readonly stages: readonly string[];
}
