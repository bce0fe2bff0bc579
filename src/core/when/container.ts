import { isObject } from '../definition/keys.ts';
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
 * Members of the wrong type count as absent here; `parseConfigText` reports them.
 */
export function containerFromConfig(
  config: OciConfig,
  options: { readonly hasBindMounts?: BindMountRule } = {},
): ContainerView {
  const rule = options.hasBindMounts ?? 'user';
  const { process, hooks } = config;
  return {
    ...(isObject(process) && { args: listOf(process.args).map(textOf) }),
    annotations: isObject(config.annotations) ? textsOf(config.annotations) : {},
    hasBindMounts: typeof rule === 'boolean' ? rule : hasBindMount(listOf(config.mounts), rule),
    ...(isObject(hooks) && { hooks }),
  };
}

function listOf<T>(value: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(value) ? value : [];
}

/** JSON null stands for the empty text in Go. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(annotations: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const texts = Object.entries(annotations).filter(([, value]) => typeof value === 'string' || value === null);
  return Object.fromEntries(texts.map(([key, value]) => [key, textOf(value)]));
}

/** A mount is a bind mount when an option is exactly `bind` or `rbind`, as runc reads it; its type has no part in it. */
function hasBindMount(mounts: readonly OciMount[], rule: 'user' | 'any'): boolean {
  return mounts.some(
    (mount) =>
      isObject(mount) &&
      listOf(mount.options).some((option) => option === 'bind' || option === 'rbind') &&
      (rule === 'any' || !isEngineMount(textOf(mount.destination))),
  );
}

function isEngineMount(destination: string): boolean {
  const path = cleanPath(destination).replace(/^\/var\/run\//, '/run/');
  return ENGINE_MOUNTS.some((own) => path === own || path.startsWith(`${own}/`));
}

/** Gives an absolute path without `.`, `..`, doubled and trailing slashes: runtimes mount at the place that this names. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
