/**
 * The stages of a container's life at which a hook may run, in the order they come.
 * Source: OCI runtime-spec 1.2, config.md, "POSIX-platform Hooks".
 */
export const STAGES = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

/** One of the six stages of the runtime-spec. */
export type Stage = (typeof STAGES)[number];

/** Tells whether a name is exactly one of the six stages; case counts. */
export function isStage(name: string): name is Stage {
  return (STAGES as readonly string[]).includes(name);
}
