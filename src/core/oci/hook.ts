/**
 * A hook as it stands in config.json. Source: OCI runtime-spec 1.2, config.md, "POSIX-platform Hooks".
 *
 * `timeout` is in seconds; it is a bigint only when it does not fit a double exactly (the format is int64).
 */
export interface Hook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number | bigint;
}
