import type { OciConfig, OciHooks, OciMount } from '../oci/config.ts';

/**
 * What conditions look at: the one input of matching, which each door builds in its own way.
 *
 * `args` is process.args, undefined when the container has no process; `hooks` are the entries it has already, so that
 * none is added twice.
 */
export interface ContainerView {
  readonly args?: readonly string[] | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly hasBindMounts: boolean;
  readonly hooks?: OciHooks | undefined;
}

/** How `hasBindMounts` is found: `user` mounts only, `any` bind mount, or given by an engine that knows. */
export type BindMountRule = boolean | 'user' | 'any';

/** Where engines mount files and directories of their own: no user's bind mount. */
const ENGINE_MOUNTS = [
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/run/.containerenv',
  '/run/secrets',
  '/dev/shm',
  '/dev/termination-log',
  '/sys/fs/cgroup',
  '/run/systemd',
] as const;

/**
 * Gives the view of a container from its config.json.
 *
 * Members of the wrong type count as absent here; `checkConfig` reports them.
 */
export function containerFromConfig(
  config: OciConfig,
  options: { readonly hasBindMounts?: BindMountRule } = {},
): ContainerView {
  const rule = options.hasBindMounts ?? 'user';
  const { process, hooks } = config;
  return {
    ...(process && { args: (process.args ?? []).map(argumentText) }),
    annotations: config.annotations ?? {},
    hasBindMounts: typeof rule === 'boolean' ? rule : hasBindMount(config.mounts ?? [], rule),
    ...(hooks && { hooks }),
  };
}

/** Null stands for the empty text in Go, and a config may hold it whatever the type says. */
function argumentText(argument: unknown): string {
  return argument === null ? '' : String(argument);
}

/** A mount is a bind mount when an option is exactly `bind` or `rbind`, as runc reads it; its type has no part in it. */
function hasBindMount(mounts: readonly OciMount[], rule: 'user' | 'any'): boolean {
  return mounts.some(
    ({ options, destination }) =>
      (options ?? []).some((option) => option === 'bind' || option === 'rbind') &&
      (rule === 'any' || !isEngineMount(destination)),
  );
}

function isEngineMount(destination: string): boolean {
  const path = destination
    .replace(/\/+/g, '/')
    .replace(/^\/var\/run\//, '/run/')
    .replace(/(?<=.)\/$/, '');
  return ENGINE_MOUNTS.some((own) => path === own || path.startsWith(`${own}/`));
}
