import type { Hook } from '../oci/hook.ts';

/**
 * Gives a text that is equal for equal hooks: same path, arguments, environment and timeout. Absent, null and empty
 * lists are one.
 */
export function identityOf(hook: Hook): string {
  const { path, args, env, timeout } = hook;
  return JSON.stringify([path, args ?? [], env ?? [], sameTimeout(timeout)]);
}

/** Gives the identities of entries as they stand in a config; one with members a hook does not have equals none. */
export function existingEntries(entries: readonly unknown[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap((entry) => {
      if (typeof entry !== 'object' || entry === null) return [];
      const { path, args, env, timeout, ...others } = entry as Readonly<Record<string, unknown>>;
      // What has not the shape of a hook equals none, and may be nested deeper than JSON.stringify goes.
      if (Object.keys(others).length > 0 || typeof path !== 'string' || !isTexts(args) || !isTexts(env)) return [];
      if (typeof timeout === 'object' && timeout !== null) return [];
      return [JSON.stringify([path, args ?? [], env ?? [], sameTimeout(timeout)])];
    }),
  );
}

function isTexts(value: unknown): boolean {
  return (
    value === undefined || value === null || (Array.isArray(value) && value.every((text) => typeof text === 'string'))
  );
}

/** Timeouts are compared as doubles: a config's were read as such, and beyond 2^53 seconds no difference counts. */
function sameTimeout(timeout: unknown): unknown {
  return typeof timeout === 'bigint' ? Number(timeout) : (timeout ?? null);
}
